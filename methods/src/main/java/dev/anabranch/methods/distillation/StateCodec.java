package dev.anabranch.methods.distillation;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;

/** Both variables of a {@link FedPt.State}, one after the other. */
enum StateCodec implements Codec<FedPt.State> {
  CODEC;

  @Override
  public String id() {
    return "fedpt/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.EXACT;
  }

  @Override
  public void encode(FedPt.State state, WireOut out, Memory memory) {
    Codecs.TENSORS.encode(state.small(), out, memory);
    Codecs.TENSORS.encode(state.base(), out, memory);
  }

  @Override
  public FedPt.State decode(WireIn in, Memory memory) {
    return new FedPt.State(Codecs.TENSORS.decode(in, memory), Codecs.TENSORS.decode(in, memory));
  }
}
