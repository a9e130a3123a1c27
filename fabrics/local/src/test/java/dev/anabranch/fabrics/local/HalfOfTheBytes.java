package dev.anabranch.fabrics.local;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;

/** Sixteen bits of each float. */
@Folklore("the upper half of a float")
final class HalfOfTheBytes implements Codec<Tensor> {
  @Override
  public String id() {
    return "half/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.ROUNDED;
  }

  @Override
  public void encode(Tensor message, WireOut out, Memory memory) {
    out.headShape(message.shape());
    for (long i = 0; i < message.elements(); i++) {
      out.putShort((short) (Float.floatToRawIntBits(message.get(i)) >>> 16));
    }
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    var out = Tensor.zeros(in.headShape());
    for (long i = 0; i < out.elements(); i++) {
      out.set(i, Float.intBitsToFloat(in.getShort() << 16));
    }
    return out;
  }
}
