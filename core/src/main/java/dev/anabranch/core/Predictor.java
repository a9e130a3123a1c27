package dev.anabranch.core;

/** A whole model with trained variables put in, for inference. Safe to call from any thread. */
public interface Predictor extends AutoCloseable {
  /** Class scores before the softmax, [b, classes]. */
  Tensor logits(Batch batch);

  @Override
  void close();
}
