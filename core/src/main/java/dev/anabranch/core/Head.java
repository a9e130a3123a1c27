package dev.anabranch.core;

/** The first segment of a split model. Called on a lane; not thread-safe. */
public interface Head {
  /** [b, p + t, d]: prompts first, then the text; lengths count the prompts. */
  Hidden forward(Batch batch);

  /**
   * Adds the gradient of the head's trained variables, prompts among them.
   *
   * @param gradient [b, p + t, d] of the loss with respect to the head's output
   */
  void backward(Batch batch, Tensor gradient);
}
