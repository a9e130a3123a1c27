/** Tensors, weights and model families on libtorch; not for other modules. */
@NullMarked
package dev.anabranch.torch.internal;

import org.jspecify.annotations.NullMarked;
