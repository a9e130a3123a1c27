package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Seeds;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class KeepTest {
  private static final float[] SCORES = {0.1f, 0.9f, 0.5f, 0.5f, 0.2f};
  private static final int[] LABELS = {0, 1, 1, 1, 0};

  @Test
  void keepsTheHighestInAscendingOrder() {
    assertThat(new Keep(0.4).highest(SCORES, LABELS)).containsExactly(1, 2);
    assertThat(new Keep(0.6).highest(SCORES, LABELS)).containsExactly(1, 2, 3);
    assertThat(new Keep(1).highest(SCORES, LABELS)).containsExactly(0, 1, 2, 3, 4);
  }

  @Test
  void tiesGoToTheLowerIndexAndNaNFirst() {
    assertThat(new Keep(0.5).highest(new float[4], new int[4])).containsExactly(0, 1);
    assertThat(new Keep(0.5).highest(new float[] {9, Float.NaN}, new int[2])).containsExactly(1);
  }

  @Test
  void countsDownButKeepsOne() {
    assertThat(new Keep(0.5).count(7)).isEqualTo(3);
    assertThat(new Keep(0.1).count(7)).isEqualTo(1);
    assertThat(new Keep(0.1).count(0)).isZero();
    assertThat(new Keep(0.29).count(100)).isEqualTo(29); // 0.29 · 100 is 28.999… in double
    assertThat(new Keep(0.5).highest(new float[0], new int[0])).isEmpty();
  }

  @Test
  void takesTheFloorOfEachClassFirst() {
    assertThat(new Keep(0.4, 1, 0).highest(SCORES, LABELS)).containsExactly(1, 4);
    assertThat(new Keep(0.8, 2, 0).highest(SCORES, LABELS)).containsExactly(0, 1, 2, 4);
    assertThat(new Keep(0.2, 1, 0).highest(SCORES, LABELS)).containsExactly(1);
  }

  @Test
  void leavesOutTheTop() {
    assertThat(new Keep(0.4, 0, 0.2).highest(SCORES, LABELS)).containsExactly(2, 3);
    assertThat(new Keep(1, 0, 0.4).highest(SCORES, LABELS)).containsExactly(0, 3, 4);
    assertThat(new Keep(1, 0, 0.99).highest(new float[] {7}, new int[1])).containsExactly(0);
  }

  /** What is kept is as large as count says, and no example outside scores above one inside. */
  @Test
  void isAThreshold() {
    var random = Seeds.stream(9);
    for (int i = 0; i < 300; i++) {
      int n = random.nextInt(1, 60);
      float[] scores = new float[n];
      for (int j = 0; j < n; j++) {
        scores[j] = random.nextInt(20);
      }
      var keep = new Keep(random.nextDouble(0.01, 1));
      int[] kept = keep.highest(scores, new int[n]);
      assertThat(kept).hasSize(keep.count(n)).isSorted().doesNotHaveDuplicates();
      double lowest = Arrays.stream(kept).mapToDouble(k -> scores[k]).min().orElseThrow();
      IntStream.range(0, n)
          .filter(j -> Arrays.binarySearch(kept, j) < 0)
          .forEach(j -> assertThat((double) scores[j]).isLessThanOrEqualTo(lowest));
    }
  }

  @Test
  void drawsAsManyAtRandom() {
    var keep = new Keep(0.3);
    var random = Seeds.stream(5);
    int[] seen = new int[20];
    for (int i = 0; i < 5000; i++) {
      int[] kept = keep.random(20, random);
      assertThat(kept).hasSize(6).isSorted().doesNotHaveDuplicates();
      for (int k : kept) {
        seen[k]++;
      }
    }
    for (int count : seen) {
      assertThat(count).isBetween(1350, 1650); // 1500 expected, standard deviation 32
    }
  }

  @Test
  void namesWhatIsOutOfRange() {
    assertThatThrownBy(() -> new Keep(0)).hasMessage("keepFraction: 0.0 (expected: above 0 to 1)");
    assertThatThrownBy(() -> new Keep(1.5))
        .hasMessage("keepFraction: 1.5 (expected: above 0 to 1)");
    assertThatThrownBy(() -> new Keep(1, -1, 0))
        .hasMessage("classFloor: -1 (expected: at least 0)");
    assertThatThrownBy(() -> new Keep(1, 0, 1)).hasMessage("dropTop: 1.0 (expected: 0 to below 1)");
  }
}
