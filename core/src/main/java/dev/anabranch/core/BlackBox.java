package dev.anabranch.core;

/**
 * A large language model behind an interface: token ids go in, scores of next tokens come out, and
 * nothing else of it can be seen. It stands beside the coordinator; what it says never crosses a
 * link. Called from any thread, not from a lane.
 */
public interface BlackBox extends AutoCloseable {
  /** What the ledger and messages call it. */
  String name();

  /** v, how many tokens it knows. */
  int vocabulary();

  /**
   * Scores of what comes after each position.
   *
   * @param tokens b texts, padded to t positions
   * @return [b, t, v] scores before the softmax, or logarithms of probabilities; minus infinity for
   *     a token of which it says nothing
   */
  Tensor logits(Inputs.Tokens tokens);

  @Override
  void close();
}
