package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Tensor;

/**
 * A value codec that a plan can name. Found by {@link java.util.ServiceLoader}: a new codec is one
 * file and one line in {@code META-INF/services/dev.anabranch.parts.ValueCodecProvider}.
 */
public interface ValueCodecProvider {
  /** Name, settings and how it is built. */
  Kind<Codec<Tensor>> kind();

  /** Payload bytes of a tensor of n values, as a formula for readers, such as {@code 2 n}. */
  String payload();
}
