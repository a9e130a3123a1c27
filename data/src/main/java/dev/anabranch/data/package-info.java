/** Data sources, tokenizers, partitioners and collators. */
@NullMarked
package dev.anabranch.data;

import org.jspecify.annotations.NullMarked;
