package dev.anabranch.core;

/**
 * One party's segments, loaded and parameterised. Its variables and their gradients stay resident
 * until it is closed; frozen weights are shared with every other model of the process. Called on a
 * lane; not thread-safe.
 */
public interface Model extends AutoCloseable {
  ModelFacts facts();

  Trainable trainable();

  /**
   * From the input through the named segments to the loss, in order; without names, through all
   * that this party holds. Naming head and tail alone skips the body.
   */
  Route route(String... segments);

  Head head();

  Block block(String segment);

  Tail tail();

  /** A fresh optimizer over all trained variables. */
  Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms);

  /** Bytes of this party's frozen weights: what is installed once before its first visit. */
  long frozenBytes();

  /** Frees the variables; from any thread, once no work on this model runs. */
  @Override
  void close();
}
