package dev.anabranch.app.papers;

import org.jspecify.annotations.Nullable;

/**
 * What a measure gave.
 *
 * @param value what bounds are held against; NaN where it could not be measured
 * @param deviation over seeds, with n − 1; 0 for one seed
 * @param error one standard error of {@code value}; NaN where it is not known
 * @param text the number as a reader sees it
 * @param obstacle why there is no value; null if there is one
 * @param judged false if nothing follows from this, neither for nor against a claim
 */
public record Measured(
    double value,
    double deviation,
    double error,
    int seeds,
    String text,
    @Nullable String obstacle,
    boolean judged) {
  static Measured of(Sample sample, String text) {
    if (Double.isNaN(sample.mean())) {
      return unknown("a figure was not measured");
    }
    return new Measured(
        sample.mean(), sample.deviation(), sample.error(), sample.size(), text, null, true);
  }

  /** A claim that cannot hold, because of what did not happen. */
  static Measured failed(int seeds, String obstacle) {
    return new Measured(Double.NaN, 0, Double.NaN, seeds, "–", obstacle, true);
  }

  /** Nothing to judge by. */
  static Measured unknown(String obstacle) {
    return new Measured(Double.NaN, 0, Double.NaN, 0, "–", obstacle, false);
  }
}
