package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import org.junit.jupiter.api.Test;

class SamplingTest {
  /** Probabilities 0.1, 0.4, 0.2, 0.3. */
  private static final float[] SCORES = {
    (float) Math.log(0.1), (float) Math.log(0.4), (float) Math.log(0.2), (float) Math.log(0.3)
  };

  private static double[] shares(Sampling sampling, float[] scores) {
    var random = Seeds.stream(5, "draws");
    double[] out = new double[scores.length];
    for (int i = 0; i < 20_000; i++) {
      out[sampling.choose(scores, random)] += 1 / 20_000.0;
    }
    return out;
  }

  @Test
  void withoutTemperatureTheLikeliestIsChosenAndNothingDrawn() {
    var random = Seeds.stream(1, "draws");
    assertThat(Sampling.GREEDY.choose(SCORES, random)).isEqualTo(1);
    assertThat(Sampling.GREEDY.choose(new float[] {2, 3, 3}, random)).isEqualTo(1);
    assertThat(random.nextLong()).isEqualTo(Seeds.stream(1, "draws").nextLong());
  }

  @Test
  void tokensAreDrawnByTheirProbability() {
    assertThat(shares(new Sampling(1, 1), SCORES))
        .containsExactly(new double[] {0.1, 0.4, 0.2, 0.3}, within(0.015));
  }

  @Test
  void temperatureIsAPowerOfProbabilities() {
    // squares 0.01, 0.16, 0.04, 0.09 of sum 0.3
    assertThat(shares(new Sampling(0.5, 1), SCORES))
        .containsExactly(new double[] {1 / 30.0, 16 / 30.0, 4 / 30.0, 9 / 30.0}, within(0.015));
  }

  @Test
  void onlyTheSmallestSetOfThatShareIsDrawnFrom() {
    assertThat(shares(new Sampling(1, 0.65), SCORES))
        .containsExactly(new double[] {0, 4 / 7.0, 0, 3 / 7.0}, within(0.015));
    assertThat(shares(new Sampling(1, 0.01), SCORES))
        .containsExactly(new double[] {0, 1, 0, 0}, within(1e-9));
    float[] equal = new float[6];
    assertThat(Arrays.stream(shares(new Sampling(1, 0.5), equal)).filter(x -> x > 0)).hasSize(3);
  }

  @Test
  void settingsOutsideTheirRangeAreNamed() {
    assertThatThrownBy(() -> new Sampling(-1, 1))
        .hasMessage("temperature: -1.0 (expected: 0 to 1e6)");
    assertThatThrownBy(() -> new Sampling(1, 0)).hasMessage("topP: 0.0 (expected: above 0 to 1)");
  }
}
