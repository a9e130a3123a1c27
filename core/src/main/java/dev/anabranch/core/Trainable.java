package dev.anabranch.core;

import java.util.List;
import java.util.function.Predicate;

/** The trained variables of one party's segments, as values. Called on a lane. */
public interface Trainable {
  /** Name, shape; the order is the wire order. */
  List<TensorSpec> specs();

  /** Detached values. */
  TensorMap copy();

  /** What was added since {@code before}: {@code copy() − before}, in one pass. */
  default TensorMap minus(TensorMap before) {
    try (var now = copy()) {
      return now.minus(before);
    }
  }

  /**
   * Euclidean norm of the gradient that has been added since the optimizer's last {@link
   * Optimizer#zero}, over the variables whose names pass; 0 where none has been added.
   */
  double gradientNorm(Predicate<String> names);

  /** Refuses a missing, unknown or wrongly shaped name. */
  void load(TensorMap values);
}
