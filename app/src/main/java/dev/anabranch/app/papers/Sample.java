package dev.anabranch.app.papers;

import java.util.List;
import java.util.function.DoubleFunction;

/**
 * One number of each seed.
 *
 * @param values at least one
 */
record Sample(List<Double> values) {
  Sample {
    values = List.copyOf(values);
  }

  int size() {
    return values.size();
  }

  double mean() {
    return values.stream().mapToDouble(x -> x).average().orElse(Double.NaN);
  }

  /** Of the sample, with n − 1; 0 for a single number. */
  double deviation() {
    if (size() < 2) {
      return 0;
    }
    double mean = mean();
    double squares = values.stream().mapToDouble(x -> (x - mean) * (x - mean)).sum();
    return Math.sqrt(squares / (size() - 1));
  }

  /** Of the mean, by the seeds alone; NaN for a single number. */
  double error() {
    return size() < 2 ? Double.NaN : deviation() / Math.sqrt(size());
  }

  /** {@code 0.935}, or {@code 0.935 ± 0.010} where several differ. */
  String show(DoubleFunction<String> unit) {
    boolean differ = deviation() > 1e-9 * Math.abs(mean());
    return unit.apply(mean()) + (differ ? " ± " + unit.apply(deviation()) : "");
  }
}
