package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Tensor;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import org.junit.jupiter.api.Test;

class Fp16Test extends CodecContract<Tensor> {
  Fp16Test() {
    super(CodecForm.TENSORS);
  }

  @Override
  protected Codec<Tensor> codec() {
    return new Fp16();
  }

  @Override
  protected long payload(Tensor message) {
    return 2 * message.elements();
  }

  @Override
  protected double bound(float value, float largest) {
    double size = Math.abs((double) value);
    return size > Fp16.MAX ? size - Fp16.MAX : Math.max(0x1p-11 * size, 0x1p-25);
  }

  @Test
  void clampsFiniteValuesAndLeavesTheRestAsTheyAre() {
    float inf = Float.POSITIVE_INFINITY;
    assertThat(Trip.through(new Fp16(), 65504f, 65519f, 65520f, -1e9f, Float.MAX_VALUE, inf, -inf))
        .containsExactly(65504f, 65504f, 65504f, -65504f, 65504f, inf, -inf);
    assertThat(Trip.through(new Fp16(), Float.NaN)[0]).isNaN();
  }

  @Test
  void roundsTiesToEven() {
    assertThat(Trip.through(new Fp16(), 2049f, 2051f, -2049f, 0x1p-25f, 0x1.8p-24f))
        .containsExactly(2048f, 2052f, -2048f, 0f, 0x1p-23f);
  }

  /** Whatever 16 bits can say comes back as it was. */
  @Test
  void isExactOnItsOwnValues() {
    float[] all = new float[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = Float.float16ToFloat((short) i);
    }
    assertThat(Trip.through(new Fp16(), all)).containsExactly(all);
  }
}
