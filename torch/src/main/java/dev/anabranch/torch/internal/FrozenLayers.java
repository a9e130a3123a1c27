package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A range of frozen layers with a backward pass written by hand: {@link TrainedLayers} with nothing
 * trained.
 *
 * <p>Only the gradient with respect to the input exists, so each linear map keeps nothing but its
 * weight, residual sums are folded into the products, and every buffer is freed as soon as the
 * backward pass has used it. Gives what autograd over {@link BertLayers} gives, to rounding.
 */
public final class FrozenLayers {
  private final BertWeights weights;

  public FrozenLayers(BertWeights weights) {
    this.weights = weights;
  }

  /** What forward passes leave for the backward pass; closing it twice is allowed. */
  public static final class Trace implements AutoCloseable {
    private final List<TrainedLayers> ranges = new ArrayList<>();
    private final List<TrainedLayers.Tape> tapes = new ArrayList<>();
    private final @Nullable Tensor mask;

    private Trace(@Nullable Tensor mask) {
      this.mask = mask;
    }

    @Override
    public void close() {
      tapes.forEach(TrainedLayers.Tape::close);
      tapes.clear();
      ranges.clear();
    }
  }

  /** A trace for {@link #forward} and {@link #backward}. */
  public Trace trace(Tensor hidden, @Nullable Tensor mask) {
    return new Trace(mask);
  }

  /**
   * Layers {@code from} up to, not including, {@code until}.
   *
   * @param hidden [b, t, d] in the type of the layers
   * @return [b, t, d]; the caller owns it
   */
  public Tensor forward(Tensor hidden, Trace trace, int from, int until) {
    var range = new TrainedLayers(weights, from, until, Hooks.NONE, macs -> {});
    var result = range.forward(hidden, trace.mask, TrainedLayers.Keep.INPUT);
    trace.ranges.add(range);
    trace.tapes.add(result.tape());
    return result.hidden();
  }

  /**
   * The gradient with respect to the input of the first {@link #forward}; empties the trace.
   *
   * @param gradient [b, t, d] with respect to the output of the last
   * @return [b, t, d]; the caller owns it
   */
  public Tensor backward(Trace trace, Tensor gradient) {
    Tensor current = Tensors.own(new Tensor(gradient));
    while (!trace.tapes.isEmpty()) {
      try (var above = current) {
        current =
            Objects.requireNonNull(
                trace
                    .ranges
                    .removeLast()
                    .backward(trace.tapes.removeLast(), above, new HashMap<>()));
      }
    }
    return current;
  }
}
