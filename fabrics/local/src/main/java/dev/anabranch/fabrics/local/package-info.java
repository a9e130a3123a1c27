/** The fabric that runs a whole federation in one process. */
@NullMarked
package dev.anabranch.fabrics.local;

import org.jspecify.annotations.NullMarked;
