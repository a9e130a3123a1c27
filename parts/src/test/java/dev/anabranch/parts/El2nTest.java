package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import org.junit.jupiter.api.Test;

class El2nTest {
  @Test
  void isTheNormOfTheErrorVector() {
    var random = Seeds.stream(1);
    for (int i = 0; i < 500; i++) {
      float[] logits = new float[random.nextInt(1, 12)];
      double sum = 0;
      for (int c = 0; c < logits.length; c++) {
        logits[c] = (float) random.nextGaussian(0, 3);
        sum += Math.exp(logits[c]);
      }
      int label = random.nextInt(logits.length);
      double squares = 0;
      for (int c = 0; c < logits.length; c++) {
        squares += Math.pow(Math.exp(logits[c]) / sum - (c == label ? 1 : 0), 2);
      }
      assertThat((double) El2n.score(logits, label)).isCloseTo(Math.sqrt(squares), within(1e-7));
    }
  }

  @Test
  void reachesFromZeroToRootTwo() {
    assertThat(El2n.score(new float[] {200, 0}, 0)).isZero();
    assertThat(El2n.score(new float[] {200, 0}, 1)).isEqualTo((float) Math.sqrt(2));
    assertThat(El2n.score(new float[] {3}, 0)).isZero();
    assertThat(El2n.score(new float[] {0, 0}, 1)).isEqualTo((float) Math.sqrt(0.5));
  }

  /** Only differences of logits count, however large they are. */
  @Test
  void survivesLargeLogits() {
    assertThat(El2n.score(new float[] {3e38f, 3e38f}, 0)).isEqualTo((float) Math.sqrt(0.5));
    assertThat(El2n.score(new float[] {-1e30f, -1e30f}, 0)).isEqualTo((float) Math.sqrt(0.5));
  }

  /** A sure and right answer still has a rank: 1 − p is not lost in rounding. */
  @Test
  void ranksSureAnswers() {
    assertThat(El2n.score(new float[] {50, 0}, 0))
        .isGreaterThan(El2n.score(new float[] {60, 0}, 0))
        .isPositive();
  }

  @Test
  void scoresABatch() {
    var logits = Tensor.of(new float[] {0, 0, 200, 0, 200, 0}, 3, 2);
    assertThat(El2n.scores(logits, new int[] {0, 0, 1}))
        .containsExactly((float) Math.sqrt(0.5), 0, (float) Math.sqrt(2));
    assertThatThrownBy(() -> El2n.scores(logits, new int[] {0}))
        .hasMessage("logits: Tensor[3, 2] (expected: [1, classes] or [b, t, v])");
    assertThatThrownBy(() -> El2n.score(new float[] {1, 2}, 2))
        .hasMessage("label: 2 (expected: 0 to 1)");
  }

  @Test
  void aTextHasTheMeanOverItsTokens() {
    var logits = Tensor.of(new float[] {0, 0, 200, 0, 200, 0, 9, 9}, 2, 2, 2);
    assertThat(El2n.scores(logits, new int[] {0, 1, 0, -1}))
        .containsExactly((float) ((Math.sqrt(0.5) + Math.sqrt(2)) / 2), 0);
    assertThat(El2n.scores(logits, new int[] {-1, -1, -1, 0}))
        .containsExactly(0, (float) Math.sqrt(0.5));
  }

  @Test
  void averageFollowsTheNewestByItsWeight() {
    var average = new ScoreAverage(0.25);
    float[] first = average.next(new float[0], new float[] {1, 0});
    assertThat(first).containsExactly(1, 0);
    assertThat(average.next(first, new float[] {0, 1})).containsExactly(0.75f, 0.25f);
    assertThat(average.next(first, new float[] {3})).containsExactly(3);
    assertThat(new ScoreAverage(1).next(first, new float[] {5, 6})).containsExactly(5, 6);
    assertThatThrownBy(() -> new ScoreAverage(0))
        .hasMessage("scoreWeight: 0.0 (expected: above 0 to 1)");
  }
}
