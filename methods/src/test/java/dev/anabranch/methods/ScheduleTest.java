package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class ScheduleTest {
  private static final int ROUNDS = 12;

  @ParameterizedTest
  @EnumSource
  void beginsWithTheFullRateAndNeverRisesNorReachesZero(Schedule schedule) {
    double[] factors =
        IntStream.range(0, ROUNDS).mapToDouble(r -> schedule.factor(r, ROUNDS)).toArray();
    assertThat(factors[0]).isEqualTo(1);
    for (int r = 1; r < ROUNDS; r++) {
      assertThat(factors[r]).isLessThanOrEqualTo(factors[r - 1]).isPositive();
    }
  }

  @Test
  void halvesInTheMiddle() {
    assertThat(Schedule.LINEAR.factor(6, ROUNDS)).isEqualTo(0.5);
    assertThat(Schedule.COSINE.factor(6, ROUNDS)).isCloseTo(0.5, within(1e-15));
    assertThat(Schedule.CONSTANT.factor(11, ROUNDS)).isEqualTo(1);
  }
}
