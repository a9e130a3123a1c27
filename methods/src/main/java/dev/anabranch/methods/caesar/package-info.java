/** Compression by staleness and importance, batch sizes that balance a round. */
@NullMarked
package dev.anabranch.methods.caesar;

import org.jspecify.annotations.NullMarked;
