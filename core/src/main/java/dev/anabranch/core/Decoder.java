package dev.anabranch.core;

/**
 * Reads sequences token by token and scores what comes next; keys and values of what was read are
 * kept until it is closed. Several decoders, of one predictor or of many, may be stepped in turn.
 * Called from any thread, by one at a time.
 */
public interface Decoder extends AutoCloseable {
  /** b, the number of sequences. */
  int size();

  /** How many more tokens each sequence may be given. */
  int room();

  /**
   * Reads on.
   *
   * @param tokens for each of the b sequences its next tokens, at least one; they need not be
   *     equally many
   * @return [b, v] scores before the softmax of what comes after the last one read
   */
  Tensor read(int[][] tokens);

  @Override
  void close();
}
