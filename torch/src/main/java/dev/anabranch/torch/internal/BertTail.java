package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tail;
import dev.anabranch.core.Tensor;
import org.bytedeco.javacpp.PointerScope;

/**
 * The last layers, pooling, classifier and loss. Used on a lane; keeps nothing of a call.
 *
 * @param below whether anything before the tail is trained; if not, no gradient of its input is
 *     computed, and the result has an empty one, [0, t, d]
 */
record BertTail(Chain chain, Scorer scorer, int width, boolean below) implements Tail {

  @Override
  public Result lossAndGradient(Hidden hidden, Batch batch) {
    Meter.here();
    Shapes.requireWidth(hidden.values(), width);
    int[] lengths = hidden.lengths();
    if (batch.size() != lengths.length) {
      throw new IllegalArgumentException(
          "labels: " + batch.size() + " (expected: " + lengths.length + ")");
    }
    try (var scope = new PointerScope();
        var tape =
            chain.record(
                Tensors.of(hidden.values()),
                Sequence.mask(lengths, (int) hidden.values().size(1)),
                below)) {
      var scored =
          scorer.lossAndGradient(tape.output(), lengths, batch.labels(), below || chain.touched());
      if (scored.gradient() != null) {
        try (var outer = scored.gradient();
            var inner = tape.backward(outer)) {
          if (inner != null) {
            return new Result(scored.loss(), Tensors.value(inner));
          }
        }
      }
      return new Result(scored.loss(), Tensor.zeros(0, hidden.values().size(1), width));
    }
  }
}
