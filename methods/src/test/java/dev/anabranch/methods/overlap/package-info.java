/** Tests of block coordinate descent's parts. */
@NullMarked
package dev.anabranch.methods.overlap;

import org.jspecify.annotations.NullMarked;
