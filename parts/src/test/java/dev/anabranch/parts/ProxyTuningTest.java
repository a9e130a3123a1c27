package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import org.junit.jupiter.api.Test;

/** The arithmetic of proxy-tuning, and its limits. */
class ProxyTuningTest {
  private static final ProxyTuning PLAIN = new ProxyTuning(1, 0);

  private static Tensor drawn(long seed, double scale, long... shape) {
    var random = Seeds.stream(seed, "scores");
    float[] values = new float[Math.toIntExact(Tensor.elements(shape))];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) (scale * random.nextGaussian());
    }
    return Tensor.of(values, shape);
  }

  @Test
  void withoutTuningTheLargeModelStaysToTheBit() {
    for (long seed = 0; seed < 50; seed++) {
      var large = drawn(seed, 9, 3, 40);
      var small = drawn(seed + 100, 9, 3, 40);
      assertThat(PLAIN.shift(large, small, small).toArray()).isEqualTo(large.toArray());
    }
  }

  @Test
  void theSmallBaseAsLargeModelGivesTheTunedOneToTheBit() {
    for (long seed = 0; seed < 50; seed++) {
      var base = drawn(seed, 9, 3, 40);
      var tuned = drawn(seed + 100, 9, 3, 40);
      assertThat(PLAIN.shift(base, tuned, base).toArray()).isEqualTo(tuned.toArray());
    }
  }

  @Test
  void alphaOfNothingIsTheLargeModel() {
    var large = drawn(1, 9, 3, 40);
    var moved = new ProxyTuning(0, 10).shift(large, drawn(2, 9, 3, 40), drawn(3, 9, 3, 40));
    assertThat(moved.toArray()).isEqualTo(large.toArray());
  }

  /** p(v) ∝ p_large(v) · (p_tuned(v) / p_base(v))^alpha. */
  @Test
  void itMovesProbabilitiesByTheirRatio() {
    var l = drawn(1, 2, 1, 6);
    var t = drawn(2, 2, 1, 6);
    var b = drawn(3, 2, 1, 6);
    double[] moved = softmax(new ProxyTuning(1.5, 0).shift(l, t, b));
    double[] expected = new double[6];
    double sum = 0;
    for (int i = 0; i < 6; i++) {
      expected[i] = softmax(l)[i] * Math.pow(softmax(t)[i] / softmax(b)[i], 1.5);
      sum += expected[i];
    }
    for (int i = 0; i < 6; i++) {
      assertThat(moved[i]).isCloseTo(expected[i] / sum, within(1e-6));
    }
  }

  private static double[] softmax(Tensor scores) {
    double[] out = new double[(int) scores.elements()];
    double sum = 0;
    for (int i = 0; i < out.length; i++) {
      sum += out[i] = Math.exp(scores.get(i));
    }
    for (int i = 0; i < out.length; i++) {
      out[i] /= sum;
    }
    return out;
  }

  @Test
  void theDifferenceIsBoundedAndTheUnknownStaysUnknown() {
    var large = Tensor.of(new float[] {1, Float.NEGATIVE_INFINITY, 2}, 1, 3);
    var tuned = Tensor.of(new float[] {40, 5, -40}, 1, 3);
    var base = Tensor.of(new float[] {0, 0, 0}, 1, 3);
    assertThat(new ProxyTuning(1, 10).shift(large, tuned, base).toArray())
        .containsExactly(11, Float.NEGATIVE_INFINITY, -8);
  }

  @Test
  void shapesThatDifferAreNamed() {
    assertThatThrownBy(() -> PLAIN.shift(drawn(1, 1, 2, 3), drawn(1, 1, 2, 4), drawn(1, 1, 2, 3)))
        .hasMessage(
            "tuned: Tensor[2, 4] (expected: the shape of the large model's scores, Tensor[2, 3])");
    assertThatThrownBy(() -> new ProxyTuning(-1, 0))
        .hasMessage("alpha: -1.0 (expected: at least 0)");
  }

  private record Box(Tensor scores) implements BlackBox {
    @Override
    public String name() {
      return "box";
    }

    @Override
    public int vocabulary() {
      return (int) scores.size(2);
    }

    @Override
    public Tensor logits(Inputs.Tokens tokens) {
      return scores.copy();
    }

    @Override
    public void close() {}
  }

  @Test
  void topScoresTellLogarithmsOfTheLikeliest() {
    var scores = Tensor.of(new float[] {0, 3, 1, 3, 2, 2}, 1, 2, 3);
    var tokens = new Inputs.Tokens(new int[2], 2, new int[] {2}, new int[2]);
    float no = Float.NEGATIVE_INFINITY;
    float[] two = new TopScores(new Box(scores), 2).logits(tokens).toArray();
    assertThat(two[0]).isEqualTo(no);
    assertThat(two[1]).isCloseTo((float) -Math.log(1 + Math.exp(-3) + Math.exp(-2)), within(1e-6f));
    assertThat(two[2]).isCloseTo(two[1] - 2, within(1e-6f));
    assertThat(two[5]).as("of equal ones the first").isEqualTo(no);
    assertThat(two[4]).isGreaterThan(no);
    float[] all = new TopScores(new Box(scores), 9).logits(tokens).toArray();
    double sum = 0;
    for (int i = 0; i < 3; i++) {
      sum += Math.exp(all[i]);
    }
    assertThat(sum).isCloseTo(1, within(1e-6));
  }
}
