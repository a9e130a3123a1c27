package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireOut;

/** Values sent through a codec and back. */
final class Trip {
  private Trip() {}

  static float[] through(Codec<Tensor> codec, float... values) {
    return through(codec, Tensor.of(values, values.length), Memory.NONE).toArray();
  }

  static <T> T through(Codec<T> codec, T message, Memory memory) {
    var out = new WireOut();
    codec.encode(message, out, memory);
    return codec.decode(out.finish().open(), Memory.NONE);
  }
}
