package dev.anabranch.fabrics.common;

import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Books;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import java.util.stream.IntStream;

/** Charges what the coordinator asks. Stays open when it is closed: the box belongs to the job. */
record CountedBox(BlackBox box, Books books, RoundClock round) implements BlackBox {
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
    Meter.refuseOnLane("large: asked");
    books.charge(
        new Charge.Query(
            NodeId.COORDINATOR,
            round.now(),
            name(),
            tokens.size(),
            IntStream.of(tokens.lengths()).asLongStream().sum()));
    return box.logits(tokens);
  }

  @Override
  public void close() {}
}
