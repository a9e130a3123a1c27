package dev.anabranch.core;

/**
 * A segment between two cuts. A remote one has the same methods, so a program cannot tell. Called
 * on a lane; not thread-safe: one block belongs to one visit, while its frozen weights are shared.
 */
public interface Block {
  /** [b, t, d] hidden states in, [b, t, d] out. */
  Tensor forward(Hidden input);

  /**
   * The gradient with respect to the input, [b, t, d]; that of the block's trained variables, if
   * any, is added to theirs. Uses what the last forward of the same input kept, and recomputes it
   * otherwise.
   *
   * @param gradient [b, t, d] of the loss with respect to the output
   */
  Tensor backward(Hidden input, Tensor gradient);
}
