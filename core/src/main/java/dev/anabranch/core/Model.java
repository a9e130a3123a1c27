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
   * Those of {@link #trainable()} that belong to one segment.
   *
   * @throws AnabranchException of kind UNSUPPORTED if this model cannot tell them apart
   */
  default Trainable trainable(String segment) {
    throw AnabranchException.expected(
        Failure.UNSUPPORTED, "model", facts().name(), "one that is trained segment by segment");
  }

  /**
   * From now on only these segments are trained. The others keep the values that they have or get,
   * and have no gradient and no moments; a backward pass ends at the lowest trained segment. An
   * optimizer that was made before must be closed.
   *
   * @throws AnabranchException of kind UNSUPPORTED if this model is trained as a whole
   */
  default void train(String... segments) {
    throw AnabranchException.expected(
        Failure.UNSUPPORTED, "model", facts().name(), "one that is trained segment by segment");
  }

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

  /**
   * Estimates what the whole model keeps of the distribution of its inputs, such as running means
   * and variances of batch norms, anew: equal parts of each batch, nothing of what was there. Does
   * nothing in a model that keeps none, or whose statistics are not among its trained variables.
   */
  default void recalibrate(Iterable<Batch> batches) {}

  /** Bytes of this party's frozen weights: what is installed once before its first visit. */
  long frozenBytes();

  /**
   * Bytes of second copies of frozen weights, which the engine orders for its processor: they take
   * memory, but nobody installs them.
   */
  default long packedBytes() {
    return 0;
  }

  /** Frees the variables; from any thread, once no work on this model runs. */
  @Override
  void close();
}
