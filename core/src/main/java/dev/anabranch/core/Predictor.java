package dev.anabranch.core;

/** A whole model with trained variables put in, for inference. Safe to call from any thread. */
public interface Predictor extends AutoCloseable {
  /** Scores before the softmax: [b, classes], or [b, t, v] of a language model. */
  Tensor logits(Batch batch);

  /**
   * How a batch does.
   *
   * @param right answers that are right
   * @param loss sum of the cross-entropies, in nats
   * @param asked answers: examples, or the tokens that a language model is asked for
   */
  record Score(int right, double loss, int asked) {}

  /** How the likeliest answers compare with the batch's labels. */
  default Score score(Batch batch) {
    try (var logits = logits(batch)) {
      return Scores.of(logits.toArray(), batch.labels());
    }
  }

  /**
   * Begins to read sequences token by token, keeping what was read.
   *
   * @param sequences b, at least 1
   * @throws UnsupportedOperationException if this is no language model
   */
  default Decoder decoder(int sequences) {
    throw new UnsupportedOperationException(
        "decoder: this model classifies (expected: a language model)");
  }

  /**
   * The same model, which asks before each piece of work whether somebody still waits for it.
   *
   * @param check throws if nobody does
   */
  default Predictor checked(Runnable check) {
    return new CheckedPredictor(this, check);
  }

  @Override
  void close();
}
