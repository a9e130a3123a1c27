package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import java.util.stream.IntStream;

/** Charges what is asked. Stays open when it is closed: the box belongs to the job. */
record CountedBox(BlackBox box, Shared shared, NodeId node) implements BlackBox {
  @Override
  public String name() {
    return box.name();
  }

  @Override
  public int vocabulary() {
    return box.vocabulary();
  }

  @Override
  public Tensor logits(Inputs.Tokens tokens) {
    if (Meter.onLane()) {
      throw new IllegalStateException("large: asked on a lane (expected: outside of lane work)");
    }
    shared.books.charge(
        new Charge.Query(
            node,
            shared.round,
            name(),
            tokens.size(),
            IntStream.of(tokens.lengths()).asLongStream().sum()));
    return box.logits(tokens);
  }

  @Override
  public void close() {}
}
