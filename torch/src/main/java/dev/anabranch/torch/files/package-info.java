/**
 * Files of pre-trained models, without libtorch: named tensors that stay on disk until they are
 * asked for, and what is known about them.
 */
@NullMarked
package dev.anabranch.torch.files;

import org.jspecify.annotations.NullMarked;
