package dev.anabranch.core;

import java.util.Optional;

/**
 * A message that can say what is wrong with it. A defective one is refused: its sender counts as
 * lost.
 */
public interface Checked {
  /** {@code name: value (expected: …)}, or empty if the message is sound. */
  Optional<String> defect();
}
