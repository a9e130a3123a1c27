package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import org.junit.jupiter.api.Test;

class Int8Test extends CodecContract<Tensor> {
  Int8Test() {
    super(CodecForm.TENSORS);
  }

  @Override
  protected Codec<Tensor> codec() {
    return new Int8();
  }

  @Override
  protected long payload(Tensor message) {
    long n = message.elements();
    return n == 0 ? 0 : n + 4 * n / (message.rank() == 0 ? 1 : message.size(message.rank() - 1));
  }

  @Override
  protected double bound(float value, float largest) {
    return 0.501 * largest / 127 + 0x1p-143;
  }

  @Test
  void writesEachRowByItsOwnScale() {
    var rows = Tensor.of(new float[] {127, -64, 1, 0, 0, 0, 1.27f, 0.01f, -1.27f}, 3, 3);
    assertThat(Trip.through(new Int8(), rows, Memory.NONE).toArray())
        .containsExactly(127, -64, 1, 0, 0, 0, 1.27f, 0.01f, -1.27f);
  }

  @Test
  void spoilsTheWholeRowOfAValueThatIsNotFinite() {
    var rows = Tensor.of(new float[] {1, Float.NaN, 2, 127, Float.POSITIVE_INFINITY, 0}, 3, 2);
    float[] out = Trip.through(new Int8(), rows, Memory.NONE).toArray();
    assertThat(out).containsExactly(Float.NaN, Float.NaN, 2, 127, Float.NaN, Float.NaN);
  }

  @Test
  void staysFiniteAtTheEndOfTheRange() {
    float[] ends = {Float.MAX_VALUE, -Float.MAX_VALUE};
    assertThat(Tensor.of(Trip.through(new Int8(), ends), 2).isFinite()).isTrue();
  }
}
