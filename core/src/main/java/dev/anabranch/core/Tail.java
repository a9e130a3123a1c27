package dev.anabranch.core;

/**
 * The last segment of a split model, with pooling, classifier and loss. Called on a lane; not
 * thread-safe.
 */
public interface Tail {
  /**
   * @param loss mean cross-entropy over the batch, in nats
   * @param gradient [b, t, d] of the loss with respect to the tail's input
   */
  record Result(double loss, Tensor gradient) {}

  /**
   * The loss of a batch whose hidden states [b, t, d] came from the body; adds the gradient of the
   * tail's variables.
   */
  Result lossAndGradient(Hidden hidden, Batch batch);
}
