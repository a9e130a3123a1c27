/** Published training methods, one record each, by family. */
@NullMarked
package dev.anabranch.methods;

import org.jspecify.annotations.NullMarked;
