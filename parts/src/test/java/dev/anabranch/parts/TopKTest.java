package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class TopKTest extends CodecContract<Tensor> {
  TopKTest() {
    super(CodecForm.TENSORS);
  }

  @Override
  protected Codec<Tensor> codec() {
    return new TopK(0.1, false);
  }

  @Override
  protected long payload(Tensor message) {
    long n = message.elements();
    return n == 0 ? 0 : 8 * Math.max(1, n / 10);
  }

  @Override
  protected double expansion() {
    return 20 / 0.1; // one value of 8 bytes may stand for up to 2 / share values of 4
  }

  @Test
  void keepsTheLargestByMagnitudeAndTheLowerIndexOfATie() {
    assertThat(Trip.through(new TopK(0.5, false), 1, -3, 2, 2, 0.5f, -2))
        .containsExactly(0, -3, 2, 2, 0, 0);
    assertThat(Trip.through(new TopK(0.5, false), 0, 0, 0, 0)).containsExactly(0, 0, 0, 0);
  }

  /** The selection is that of a full sort. */
  @Test
  void selectsAsASortWould() {
    var random = Seeds.stream(17);
    for (int round = 0; round < 300; round++) {
      float[] v = new float[random.nextInt(1, 200)];
      for (int i = 0; i < v.length; i++) {
        v[i] =
            switch (random.nextInt(4)) {
              case 0 -> random.nextInt(3) - 1;
              case 1 -> Float.intBitsToFloat(random.nextInt());
              default -> (float) random.nextGaussian();
            };
      }
      int k = random.nextInt(v.length + 1);
      int[] sorted =
          IntStream.range(0, v.length)
              .boxed()
              .sorted(
                  Comparator.comparing(
                      (Integer i) -> Float.floatToRawIntBits(v[i]) & 0x7FFF_FFFF,
                      Comparator.reverseOrder()))
              .limit(k)
              .mapToInt(Integer::intValue)
              .sorted()
              .toArray();
      assertThat(Largest.indices(v, k)).containsExactly(sorted);
    }
  }

  @Test
  void sendsNaNAndInfinityFirst() {
    float inf = Float.NEGATIVE_INFINITY;
    assertThat(Trip.through(new TopK(0.5, false), 1e30f, Float.NaN, 1, inf))
        .containsExactly(0, Float.NaN, 0, inf);
  }

  @Test
  void makesUpForWhatItLeftOut() {
    var memory = new Kept();
    var codec = new TopK(0.5, true);
    assertThat(sent(codec, memory, 3, 2)).containsExactly(3, 0);
    assertThat(sent(codec, memory, 3, 2)).containsExactly(0, 4); // 2 owed and 2 new
    assertThat(memory.get("residual").orElseThrow().get("residual").toArray())
        .containsExactly(3, 0);
  }

  @Test
  void ignoresAResidualOfAnotherShape() {
    var memory = new Kept();
    var codec = new TopK(0.5, true);
    sent(codec, memory, 3, 2);
    assertThat(sent(codec, memory, 1, 1, 1, 1)).containsExactly(1, 1, 0, 0);
  }

  private static float[] sent(TopK codec, Memory memory, float... values) {
    return Trip.through(codec, Tensor.of(values, values.length), memory).toArray();
  }

  private static final class Kept implements Memory {
    private final Map<String, TensorMap> values = new HashMap<>();

    @Override
    public Optional<TensorMap> get(String key) {
      return Optional.ofNullable(values.get(key));
    }

    @Override
    public void put(String key, TensorMap value) {
      values.put(key, value);
    }

    @Override
    public void remove(String key) {
      values.remove(key);
    }
  }
}
