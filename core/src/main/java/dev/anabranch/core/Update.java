package dev.anabranch.core;

import java.util.Optional;

/**
 * What a device learned in a visit.
 *
 * @param delta trained variables after the visit minus those before it
 * @param examples how many examples it learned from; its weight in a mean
 * @param loss mean training loss of the visit, for the log
 */
public record Update(TensorMap delta, long examples, double loss)
    implements Checked, AutoCloseable {
  @Override
  public Optional<String> defect() {
    if (examples <= 0) {
      return Optional.of("update.examples: " + examples + " (expected: at least 1)");
    }
    return delta.isFinite()
        ? Optional.empty()
        : Optional.of("update: NaN or infinite (expected: finite values); the update is refused");
  }

  /** Frees the delta. */
  @Override
  public void close() {
    delta.close();
  }
}
