package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Seeds;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DirichletTest {
  private static final int DRAWS = 20_000;

  /** A Gamma(a, 1) variate has mean a and variance a; five standard errors are allowed. */
  @ParameterizedTest
  @ValueSource(doubles = {0.2, 0.9, 1, 3.5, 40})
  void gamma_hasItsMoments(double shape) {
    var random = Seeds.stream(1, "gamma", shape);
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
      double x = Math.exp(Dirichlet.logGamma(shape, random));
      sum += x;
      squares += (x - shape) * (x - shape);
    }
    assertThat(sum / DRAWS).isCloseTo(shape, within(5 * Math.sqrt(shape / DRAWS)));
    double ofSquares = Math.sqrt((2 * shape * shape + 6 * shape) / DRAWS);
    assertThat(squares / DRAWS).isCloseTo(shape, within(5 * ofSquares));
  }

  /** A share of n has mean 1/n and variance (1/n)(1 - 1/n) / (n alpha + 1). */
  @ParameterizedTest
  @ValueSource(doubles = {0.1, 1, 10})
  void share_hasItsMoments(double alpha) {
    int n = 4;
    var random = Seeds.stream(2, "dirichlet", alpha);
    double[] mean = new double[n];
    double squares = 0;
    for (int i = 0; i < DRAWS; i++) {
      double[] share = Dirichlet.draw(n, alpha, random);
      assertThat(Arrays.stream(share).sum()).isCloseTo(1, within(1e-12));
      Arrays.setAll(mean, c -> mean[c] + share[c] / DRAWS);
      squares += (share[0] - 0.25) * (share[0] - 0.25) / DRAWS;
    }
    double variance = 0.25 * 0.75 / (n * alpha + 1);
    assertThat(squares).isCloseTo(variance, within(0.06 * variance));
    for (double m : mean) {
      assertThat(m).isCloseTo(0.25, within(5 * Math.sqrt(variance / DRAWS)));
    }
  }

  @ParameterizedTest
  @ValueSource(doubles = {1e-6, 1e9})
  void extremes_stayFinite(double alpha) {
    double[] share = Dirichlet.draw(100, alpha, Seeds.stream(3, "x"));
    assertThat(Arrays.stream(share).sum()).isCloseTo(1, within(1e-9));
    assertThat(Arrays.stream(share).max().orElse(0)).isGreaterThan(alpha < 1 ? 0.99 : 0.0099);
  }
}
