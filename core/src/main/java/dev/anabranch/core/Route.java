package dev.anabranch.core;

/** A way from the input to the loss through segments that one party holds. Called on a lane. */
public interface Route extends DifferentiableObjective {
  /** Class scores before the softmax, [b, classes]; no gradient is kept. */
  Tensor logits(Batch batch);

  /**
   * The same way with some of its transformer layers passed by: their input is their output. They
   * are not computed, keep nothing for a backward pass, and no gradient reaches their variables.
   *
   * @param layers of the model, ascending, each on this way; all of them give this way again, to
   *     the bit
   * @throws IllegalArgumentException if a layer is not on this way, or not above the one before
   */
  Route through(int... layers);

  /**
   * A loss of the caller's own; its gradient is added to that of the trained variables.
   *
   * @return what the loss gave
   * @throws UnsupportedOperationException if this model has no such way
   */
  default double lossAndGradient(Batch batch, ScoreLoss loss) {
    throw new UnsupportedOperationException(
        "loss on scores: this model has none (expected: a language model)");
  }
}
