package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Tensor;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import org.junit.jupiter.api.Test;

class Bf16Test extends CodecContract<Tensor> {
  private static final float MAX = Float.intBitsToFloat(0x7F7F_0000);

  Bf16Test() {
    super(CodecForm.TENSORS);
  }

  @Override
  protected Codec<Tensor> codec() {
    return new Bf16();
  }

  @Override
  protected long payload(Tensor message) {
    return 2 * message.elements();
  }

  @Override
  protected double bound(float value, float largest) {
    return Math.max(0x1p-8 * Math.abs((double) value), 0x1p-134);
  }

  @Test
  void clampsFiniteValuesAndLeavesTheRestAsTheyAre() {
    float inf = Float.POSITIVE_INFINITY;
    assertThat(Trip.through(new Bf16(), Float.MAX_VALUE, -Float.MAX_VALUE, inf, -inf))
        .containsExactly(MAX, -MAX, inf, -inf);
    float signalling = Float.intBitsToFloat(0x7F80_0001); // its payload is in the lower half
    assertThat(Trip.through(new Bf16(), signalling)[0]).isNaN();
    assertThat(Trip.through(new Bf16(), Float.intBitsToFloat(-1))[0]).isNaN();
  }

  @Test
  void roundsTiesToEven() {
    assertThat(Trip.through(new Bf16(), 257f, 259f, -257f, 256.99f))
        .containsExactly(256f, 260f, -256f, 256f);
  }

  /** Whatever 16 bits can say comes back as it was; a NaN stays one. */
  @Test
  void isExactOnItsOwnValues() {
    float[] all = new float[1 << 16];
    for (int i = 0; i < all.length; i++) {
      all[i] = Float.intBitsToFloat(i << 16);
    }
    assertThat(Trip.through(new Bf16(), all)).containsExactly(all);
  }
}
