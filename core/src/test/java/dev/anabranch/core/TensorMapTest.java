package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TensorMapTest {
  private static TensorMap two() {
    var tensors = new LinkedHashMap<String, Tensor>();
    tensors.put("b", Tensor.of(new float[] {1, 2, 3, 4}, 2, 2));
    tensors.put("a", Tensor.of(new float[] {5}, 1));
    return TensorMap.of(tensors);
  }

  private static float[] values(TensorMap map) {
    return Tensor.view(map.data(), map, map.elements()).toArray();
  }

  @Test
  void keepsTheOrderItWasGiven() {
    assertThat(two().specs()).containsExactly(TensorSpec.of("b", 2, 2), TensorSpec.of("a", 1));
    assertThat(values(two())).containsExactly(1, 2, 3, 4, 5);
    assertThat(two().get("a").toArray()).containsExactly(5);
    assertThat(two().get("b").shape()).containsExactly(2, 2);
  }

  @Test
  void addsAndScales() {
    assertThat(values(two().plus(two()))).containsExactly(2, 4, 6, 8, 10);
    assertThat(values(two().minus(two()))).containsOnly(0);
    assertThat(values(two().scale(-2))).containsExactly(-2, -4, -6, -8, -10);
    assertThat(values(two().plusScaled(0.5, two()))).containsExactly(1.5f, 3, 4.5f, 6, 7.5f);
    assertThat(two().norm()).isEqualTo(Math.sqrt(55));
  }

  /** The sum is rounded once: in float the small value would be lost before it is scaled. */
  @Test
  void computesInDouble() {
    var one = TensorMap.of(Map.of("w", Tensor.of(new float[] {16777216f}, 1)));
    var other = TensorMap.of(Map.of("w", Tensor.of(new float[] {3f}, 1)));
    assertThat(values(one.plusScaled(1.0 / 3 + 0.4, other))).containsExactly(16777218f);
  }

  @Test
  void selectsAndJoins() {
    var a = two().select(name -> name.equals("a"));
    var b = two().select(name -> name.equals("b"));
    assertThat(b.and(a).sha256()).isEqualTo(two().sha256());
    assertThat(two().select(name -> false).size()).isZero();
    assertThatThrownBy(() -> two().and(a)).hasMessage("tensor 'a' stands twice");
  }

  @Test
  void hashSeesNamesShapesAndValues() {
    var same = two().copy();
    assertThat(same.sha256()).isEqualTo(two().sha256()).matches("[0-9a-f]{64}");
    same.get("a").set(0, 6);
    assertThat(same.sha256()).isNotEqualTo(two().sha256());
    var reshaped =
        TensorMap.view(List.of(TensorSpec.of("b", 4), TensorSpec.of("a", 1)), two().data(), null);
    assertThat(reshaped.sha256()).isNotEqualTo(two().sha256());
  }

  @Test
  void namesWhatIsMissingOrDiffers() {
    assertThatThrownBy(() -> two().get("c")).hasMessage("tensor 'c' is missing (known: [b, a])");
    assertThatThrownBy(() -> two().plus(TensorMap.empty()))
        .hasMessage("tensors: ['b' [2, 2], 'a' [1]]" + " (expected: [])");
    assertThatThrownBy(() -> TensorMap.zeros(List.of(TensorSpec.of("a", 1), TensorSpec.of("a", 2))))
        .hasMessage("tensor 'a' stands twice");
  }

  @Test
  void findsValuesThatAreNotFinite() {
    assertThat(two().isFinite()).isTrue();
    assertThat(two().scale(Double.NaN).isFinite()).isFalse();
    assertThat(two().scale(1e300).isFinite()).isFalse();
  }

  @Test
  void closesTwice() {
    var large = TensorMap.zeros(List.of(TensorSpec.of("w", 100_000)));
    large.close();
    large.close();
    assertThatThrownBy(() -> large.get("w").get(0)).isInstanceOf(IllegalStateException.class);
  }
}
