package dev.anabranch.methods.distillation;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;

/**
 * What {@link FedPt} keeps between rounds.
 *
 * @param small θ_s, the small model
 * @param base θ_s0, what it was before any tuning: subtracted for ever
 */
public record Tuned(TensorMap small, TensorMap base) {
  static final Codec<Tuned> CODEC = new Form();

  private static final class Form implements Codec<Tuned> {
    @Override
    public String id() {
      return "fedpt/1";
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(Tuned state, WireOut out, Memory memory) {
      Codecs.TENSORS.encode(state.small, out, memory);
      Codecs.TENSORS.encode(state.base, out, memory);
    }

    @Override
    public Tuned decode(WireIn in, Memory memory) {
      return new Tuned(Codecs.TENSORS.decode(in, memory), Codecs.TENSORS.decode(in, memory));
    }
  }
}
