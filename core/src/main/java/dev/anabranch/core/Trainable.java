package dev.anabranch.core;

import java.util.List;

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

  /** Refuses a missing, unknown or wrongly shaped name. */
  void load(TensorMap values);
}
