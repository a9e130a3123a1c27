package dev.anabranch.core;

import java.util.Optional;

/**
 * What a device learned in a visit.
 *
 * @param delta trained variables after the visit minus those before it
 * @param examples how many examples it learned from; its weight in a mean
 * @param loss mean training loss of the visit, for the log
 * @param notes what else a method's devices report, such as counts and norms; sent as it is,
 *     whatever codec the delta has
 */
public record Update(TensorMap delta, long examples, double loss, TensorMap notes)
    implements Checked, AutoCloseable {
  /** An update without notes. */
  public Update(TensorMap delta, long examples, double loss) {
    this(delta, examples, loss, TensorMap.empty());
  }

  @Override
  public Optional<String> defect() {
    if (examples <= 0) {
      return Optional.of("update.examples: " + examples + " (expected: at least 1)");
    }
    return delta.isFinite() && notes.isFinite()
        ? Optional.empty()
        : Optional.of("update: NaN or infinite (expected: finite values); the update is refused");
  }

  /** Frees the delta and the notes. */
  @Override
  public void close() {
    delta.close();
    notes.close();
  }
}
