package dev.anabranch.methods.droppeft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Seeds;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Rates over the layers, and the layers drawn by them. */
final class ArmTest {
  private static double mean(float[] rates) {
    double sum = 0;
    for (float r : rates) {
      assertThat(r).isBetween(0f, 1f);
      sum += r;
    }
    return sum / rates.length;
  }

  @ParameterizedTest
  @EnumSource
  void ratesHaveTheirMean(Arm.Shape shape) {
    for (int layers : new int[] {1, 4, 6, 12, 24}) {
      for (double rate : new double[] {0, 0.1, 0.5, 0.8, 0.95, 1}) {
        assertThat(mean(Arm.read(new Arm(rate, shape).rates(layers))))
            .isCloseTo(rate, within(1e-6));
      }
    }
  }

  @Test
  void incrementalRatesGrowAndDecayIsTheirReverse() {
    float[] up = Arm.read(new Arm(0.5, Arm.Shape.INCREMENTAL).rates(12));
    float[] down = Arm.read(new Arm(0.5, Arm.Shape.DECAY).rates(12));
    for (int l = 0; l < 12; l++) {
      assertThat(up[l]).isCloseTo((float) (2 * 0.5 * (l + 1) / 13), within(1e-6f));
      assertThat(down[l]).isCloseTo(up[11 - l], within(1e-6f));
    }
    float[] bell = Arm.read(new Arm(0.3, Arm.Shape.NORMAL).rates(12));
    assertThat(bell[5]).isEqualTo(bell[6]).isGreaterThan(bell[0]).isGreaterThan(bell[11]);
  }

  @Test
  void fixedSizesAreExactAndFollowTheRates() {
    float[] rates = Arm.read(new Arm(0.5, Arm.Shape.INCREMENTAL).rates(12));
    var random = Seeds.stream(1);
    int[] active = new int[12];
    for (int i = 0; i < 4000; i++) {
      int[] drawn = Arm.draw(rates, true, random);
      assertThat(drawn).hasSize(6).isSorted();
      for (int l : drawn) {
        active[l]++;
      }
    }
    assertThat(active[0]).isGreaterThan(active[5]).isGreaterThan(2000 - 200);
    assertThat(active[11]).isLessThan(active[5]);
  }

  @Test
  void coinsComeUpAtTheirRates() {
    float[] rates = Arm.read(new Arm(0.4, Arm.Shape.NORMAL).rates(6));
    var random = Seeds.stream(2);
    int[] active = new int[6];
    for (int i = 0; i < 10_000; i++) {
      for (int l : Arm.draw(rates, false, random)) {
        active[l]++;
      }
    }
    for (int l = 0; l < 6; l++) {
      assertThat(active[l] / 10_000.0).isCloseTo(1 - rates[l], within(0.02));
    }
  }

  @Test
  void theEndsAreAllLayersAndNone() {
    for (boolean fixed : new boolean[] {true, false}) {
      for (var shape : Arm.Shape.values()) {
        assertThat(Arm.draw(Arm.read(new Arm(0, shape).rates(4)), fixed, Seeds.stream(3)))
            .containsExactly(0, 1, 2, 3);
        assertThat(Arm.draw(Arm.read(new Arm(1, shape).rates(4)), fixed, Seeds.stream(3)))
            .isEmpty();
      }
    }
  }
}
