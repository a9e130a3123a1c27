package dev.anabranch.core;

/**
 * Where tensors live: loads one frozen base and opens models on it. Safe to call from any thread.
 */
public interface Engine extends AutoCloseable {
  ModelFacts facts();

  Lanes lanes();

  /**
   * Opens the segments of a holder with trained variables of their own, at their initial values.
   * Called on a lane.
   *
   * @param initSeed initial values of new variables are drawn from it, by name: equal for equal
   *     seeds
   */
  Model open(ModelUse use, NodeId.Role holder, long initSeed);

  /** The whole model with trained variables put in. Called from any thread. */
  Predictor predictor(ModelUse use, TensorMap trained);

  @Override
  void close();
}
