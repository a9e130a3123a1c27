package dev.anabranch.data.internal;

import java.util.random.RandomGenerator;

/**
 * Draws from a symmetric Dirichlet distribution by normalised Gamma variates: Marsaglia and Tsang,
 * "A simple method for generating gamma variables", ACM TOMS 26(3), 2000, with their section 6 for
 * a shape below 1.
 *
 * <p>In logarithms, so that a tiny concentration does not underflow; with {@link StrictMath}, so
 * that every machine draws the same.
 */
final class Dirichlet {
  private Dirichlet() {}

  /** {@code n} shares that add up to 1. */
  static double[] draw(int n, double alpha, RandomGenerator random) {
    double[] share = new double[n];
    double top = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < n; i++) {
      share[i] = logGamma(alpha, random);
      top = Math.max(top, share[i]);
    }
    double sum = 0;
    for (int i = 0; i < n; i++) {
      share[i] = StrictMath.exp(share[i] - top);
      sum += share[i];
    }
    for (int i = 0; i < n; i++) {
      share[i] /= sum;
    }
    return share;
  }

  /** The logarithm of a Gamma(shape, 1) variate. */
  static double logGamma(double shape, RandomGenerator random) {
    if (shape < 1) {
      return logGamma(shape + 1, random) + StrictMath.log(1 - random.nextDouble()) / shape;
    }
    double d = shape - 1.0 / 3;
    double c = 1 / Math.sqrt(9 * d);
    while (true) {
      double x = normal(random);
      double v = (1 + c * x) * (1 + c * x) * (1 + c * x);
      double u = 1 - random.nextDouble();
      if (v > 0 && StrictMath.log(u) < 0.5 * x * x + d - d * v + d * StrictMath.log(v)) {
        return StrictMath.log(d) + StrictMath.log(v);
      }
    }
  }

  /** A standard normal variate by the polar method. */
  private static double normal(RandomGenerator random) {
    while (true) {
      double a = 2 * random.nextDouble() - 1;
      double b = 2 * random.nextDouble() - 1;
      double s = a * a + b * b;
      if (s > 0 && s < 1) {
        return a * Math.sqrt(-2 * StrictMath.log(s) / s);
      }
    }
  }
}
