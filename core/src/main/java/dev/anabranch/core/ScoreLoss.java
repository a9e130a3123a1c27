package dev.anabranch.core;

/** A loss that is written on a model's scores, such as the distance to those of a teacher. */
@FunctionalInterface
public interface ScoreLoss {
  /**
   * The loss, in nats.
   *
   * @param scores [n, classes] before the softmax; of a language model one row for each position
   *     whose label is asked for, in order
   * @param gradient of the same shape, all zero: where the loss's gradient is written
   */
  double of(Tensor scores, Tensor gradient);
}
