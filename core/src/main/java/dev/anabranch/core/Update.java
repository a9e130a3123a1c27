package dev.anabranch.core;

import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

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

  /**
   * What is wrong with it as a change of these variables; empty if nothing is.
   *
   * @param notes the names of notes that have to be there
   */
  public Optional<String> mismatch(List<TensorSpec> variables, String... notes) {
    return delta.difference(variables).or(() -> lacking(notes));
  }

  private Optional<String> lacking(String... names) {
    return Stream.of(names)
        .filter(name -> !notes.has(name))
        .findFirst()
        .map(name -> "notes " + notes.specs() + " (expected: '" + name + "' among them)");
  }

  /** Frees the delta and the notes. */
  @Override
  public void close() {
    delta.close();
    notes.close();
  }
}
