package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

class PackedHiddenTest {
  /** [2, 4, 1]: sample 0 holds 1 2 3 4 and is 3 long, sample 1 holds 5 6 7 8 and is 4 long. */
  private static Hidden hidden() {
    return new Hidden(Tensor.of(new float[] {1, 2, 3, 4, 5, 6, 7, 8}, 2, 4, 1), new int[] {3, 4});
  }

  private static float[] through(RowSlices slices) {
    return Trip.through(new PackedHidden(slices), hidden(), Memory.NONE).values().toArray();
  }

  @Test
  void carriesTheNeededRowsAndZeros() {
    assertThat(through(RowSlices.valid())).containsExactly(1, 2, 3, 0, 5, 6, 7, 8);
    assertThat(through(RowSlices.prompts(2))).containsExactly(1, 2, 0, 0, 5, 6, 0, 0);
    assertThat(through(RowSlices.pooled(Pooling.CLS, 1))).containsExactly(0, 2, 0, 0, 0, 6, 0, 0);
    assertThat(through(RowSlices.pooled(Pooling.PROMPT, 1)))
        .containsExactly(1, 0, 0, 0, 5, 0, 0, 0);
    assertThat(RowSlices.pooled(Pooling.MEAN, 1)).isEqualTo(RowSlices.valid());
    assertThat(through(RowSlices.prompts(9))).containsExactly(1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(through(RowSlices.pooled(Pooling.CLS, 4))).containsOnly(0);
  }

  @Test
  void namesItsRowsInTheId() {
    assertThat(new PackedHidden(RowSlices.prompts(10), new Fp16()).id())
        .isEqualTo("packed(prompts(10),fp16/1)/1");
    assertThat(new PackedHidden(RowSlices.pooled(Pooling.CLS, 10)).id())
        .isEqualTo("packed(cls(10),fp32/1)/1");
  }

  @Test
  void refusesAShortMessageThatStandsForMuch() {
    var out = new WireOut();
    out.headInts(new int[] {1});
    out.headInt(1 << 30);
    out.headShape(new long[] {1, 1});
    out.putFloat(1);
    assertThatThrownBy(
            () -> new PackedHidden(RowSlices.valid()).decode(out.finish().open(), Memory.NONE))
        .isInstanceOf(WireException.class)
        .hasMessage(
            "packed: 1 samples of 1073741824 positions (expected: at most 4096 times what"
                + " travels)");
  }

  /** The rows that travel, by an independent count. */
  abstract static class Sliced extends CodecContract<Hidden> {
    Sliced() {
      super(CodecForm.HIDDEN);
    }

    abstract boolean needed(int position, int length);

    @Override
    protected Hidden carried(Hidden message) {
      var kept = message.values().copy();
      long t = kept.size(1);
      long d = kept.size(2);
      for (int i = 0; i < kept.elements(); i++) {
        int sample = (int) (i / (t * d));
        if (!needed((int) (i / d % t), message.lengths()[sample])) {
          kept.set(i, 0);
        }
      }
      return message.withValues(kept);
    }

    long values(Hidden message) {
      long rows = 0;
      for (int length : message.lengths()) {
        for (int t = 0; t < message.values().size(1); t++) {
          rows += needed(t, length) ? 1 : 0;
        }
      }
      return rows * message.values().size(2);
    }

    @Override
    protected double expansion() {
      return 4096;
    }
  }

  @Nested
  class Valid extends Sliced {
    @Override
    protected Codec<Hidden> codec() {
      return new PackedHidden(RowSlices.valid());
    }

    @Override
    protected long payload(Hidden message) {
      return 4 * values(message);
    }

    @Override
    boolean needed(int position, int length) {
      return position < length;
    }
  }

  @Nested
  class PromptsByInt8 extends Sliced {
    @Override
    protected Codec<Hidden> codec() {
      return new PackedHidden(RowSlices.prompts(2)).over(new Int8());
    }

    @Override
    protected long payload(Hidden message) {
      long n = values(message);
      return n == 0 ? 0 : n + 4 * n / message.values().size(2);
    }

    @Override
    protected double bound(float value, float largest) {
      return new Int8Test().bound(value, largest);
    }

    @Override
    boolean needed(int position, int length) {
      return position < 2;
    }
  }

  @Nested
  class Cls extends Sliced {
    @Override
    protected Codec<Hidden> codec() {
      return new PackedHidden(RowSlices.pooled(Pooling.CLS, 1));
    }

    @Override
    protected long payload(Hidden message) {
      return 4 * values(message);
    }

    @Override
    boolean needed(int position, int length) {
      return position == 1;
    }
  }
}
