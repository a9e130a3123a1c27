package dev.anabranch.core;

/** A way from the input to the loss through segments that one party holds. Called on a lane. */
public interface Route extends DifferentiableObjective {
  /** Class scores before the softmax, [b, classes]; no gradient is kept. */
  Tensor logits(Batch batch);
}
