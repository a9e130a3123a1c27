/** Tensors, lanes, blocks and model families on libtorch. */
@NullMarked
package dev.anabranch.torch;

import org.jspecify.annotations.NullMarked;
