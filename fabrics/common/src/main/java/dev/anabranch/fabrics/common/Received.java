package dev.anabranch.fabrics.common;

import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.core.Wire;

/**
 * A message as a program got it.
 *
 * @param wire its bytes
 * @param shared whether somebody else frees them
 */
public record Received<T>(T value, Wire wire, boolean shared) {
  /** Ends the value's views. */
  public void free() {
    switch (value) {
      case Update u -> u.close();
      case TensorMap m -> m.close();
      case Hidden h -> h.values().close();
      case Tensor t -> t.close();
      default -> {}
    }
    if (!shared) {
      wire.close();
    }
  }
}
