package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tail;
import dev.anabranch.core.Tensor;
import org.bytedeco.javacpp.PointerScope;

/**
 * The last segment of a split model, with head and loss. Used on a lane; keeps nothing of a call.
 *
 * @param below whether anything before the tail is trained; if not, no gradient of its input is
 *     computed, and the result has an empty one, with no samples
 */
record FamilyTail(FamilySpan span, boolean below) implements Tail {
  @Override
  public Result lossAndGradient(Hidden hidden, Batch batch) {
    var meter = Meter.here();
    if (batch.size() != hidden.lengths().length) {
      throw new IllegalArgumentException(
          "labels: " + batch.size() + " (expected: " + hidden.lengths().length + ")");
    }
    try (var scope = new PointerScope();
        var pass = span.pass(hidden.lengths(), true, null)) {
      var leaf = Tensors.of(hidden.values()).set_requires_grad(below);
      try (var top = span.layers(leaf, pass)) {
        var loss = span.loss(top, batch, pass);
        if (loss == null) {
          return new Result(0, none(hidden, below));
        }
        try (loss) {
          if (loss.requires_grad()) {
            loss.backward();
            meter.add(pass.backward());
            meter.boundary();
          }
          return new Result(
              loss.item_double(), below ? Tensors.value(leaf.grad()) : none(hidden, false));
        }
      }
    }
  }

  private static Tensor none(Hidden hidden, boolean zeros) {
    long[] shape = hidden.values().shape();
    shape[0] = zeros ? shape[0] : 0;
    return Tensor.zeros(shape);
  }
}
