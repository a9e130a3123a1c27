/** Readers and formats behind the sources. Not for other modules. */
@NullMarked
package dev.anabranch.data.internal;

import org.jspecify.annotations.NullMarked;
