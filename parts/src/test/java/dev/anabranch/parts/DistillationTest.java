package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import org.junit.jupiter.api.Test;

/** The divergence and its gradient. */
class DistillationTest {
  private static final int[] LABELS = {2, -1, 0, 4};

  private static Tensor drawn(long seed) {
    var random = Seeds.stream(seed, "scores");
    var out = Tensor.zeros(3, 5);
    for (int i = 0; i < 15; i++) {
      out.set(i, (float) random.nextGaussian());
    }
    return out;
  }

  private static double loss(Distillation how, Tensor teacher, Tensor student) {
    return how.from(teacher, LABELS).of(student, Tensor.zeros(3, 5));
  }

  @Test
  void theGradientIsThatOfTheLoss() {
    for (boolean reverse : new boolean[] {false, true}) {
      for (double weight : new double[] {0, 0.4}) {
        var how = new Distillation(1.7, reverse, weight);
        var teacher = drawn(1);
        var student = drawn(2);
        var gradient = Tensor.zeros(3, 5);
        how.from(teacher, LABELS).of(student, gradient);
        for (int i = 0; i < 15; i++) {
          float at = student.get(i);
          student.set(i, at + 1e-2f);
          double above = loss(how, teacher, student);
          student.set(i, at - 1e-2f);
          double below = loss(how, teacher, student);
          student.set(i, at);
          assertThat((double) gradient.get(i)).isCloseTo((above - below) / 2e-2, within(1e-4));
        }
      }
    }
  }

  @Test
  void aStudentLikeItsTeacherHasNothingToLearn() {
    for (boolean reverse : new boolean[] {false, true}) {
      var gradient = Tensor.zeros(3, 5);
      var how = new Distillation(2, reverse, 0);
      assertThat(how.from(drawn(1), LABELS).of(drawn(1), gradient)).isZero();
      assertThat(gradient.toArray()).containsOnly(0f);
    }
  }

  @Test
  void whatTheTeacherDoesNotTellHasNoProbability() {
    var teacher = drawn(1);
    for (int i = 0; i < 15; i += 5) {
      teacher.set(i, Float.NEGATIVE_INFINITY);
    }
    for (boolean reverse : new boolean[] {false, true}) {
      var gradient = Tensor.zeros(3, 5);
      double loss = new Distillation(1, reverse, 0).from(teacher, LABELS).of(drawn(2), gradient);
      assertThat(loss).isFinite();
      assertThat(gradient.isFinite()).isTrue();
    }
    var gradient = Tensor.zeros(3, 5);
    new Distillation(1, false, 0).from(teacher, LABELS).of(drawn(2), gradient);
    assertThat(gradient.get(0)).isPositive();
  }

  @Test
  void onlyWhatIsAskedIsTaken() {
    var all = Tensor.of(new float[] {0, 1, 2, 3, 4, 5, 6, 7}, 2, 2, 2);
    var asked = Distillation.asked(all, new int[] {1, -1, 0, 1});
    assertThat(asked.shape()).containsExactly(3, 2);
    assertThat(asked.toArray()).containsExactly(0, 1, 4, 5, 6, 7);
  }

  @Test
  void badSettingsAreNamed() {
    assertThatThrownBy(() -> new Distillation(0, false, 0))
        .hasMessage("temperature: 0.0 (expected: above 0)");
    assertThatThrownBy(() -> new Distillation(1, false, 2))
        .hasMessage("labelWeight: 2.0 (expected: 0 to 1)");
  }
}
