package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireOut;
import dev.anabranch.testkit.CodecContract;
import dev.anabranch.testkit.CodecForm;
import java.util.Map;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** The largest values of all variables together. */
final class KeepLargestTest {
  abstract static class Kit extends CodecContract<TensorMap> {
    private final KeepLargest codec;

    Kit(KeepLargest codec) {
      super(CodecForm.MAPS);
      this.codec = codec;
    }

    @Override
    protected Codec<TensorMap> codec() {
      return codec;
    }

    @Override
    protected long payload(TensorMap message) {
      long d = message.elements();
      long n = d == 0 ? 0 : Math.max(1, d - (long) Math.floor(codec.left() * d + 1e-9));
      return n == d ? 4 * d : 4 * n + Math.min((d + 7) / 8, 4 * n);
    }

    @Override
    protected double expansion() {
      return 6000; // one value may stand for ten thousand
    }
  }

  @Nested
  class Most extends Kit {
    Most() {
      super(new KeepLargest(0.4, 0));
    }
  }

  @Nested
  class Few extends Kit {
    Few() {
      super(new KeepLargest(0.99, 1));
    }
  }

  @Nested
  class All extends Kit {
    All() {
      super(KeepLargest.any());
    }
  }

  private static TensorMap map(float... values) {
    return TensorMap.of(Map.of("w", Tensor.of(values, values.length)));
  }

  private static float[] through(KeepLargest codec, TensorMap message, Memory memory) {
    var out = new WireOut();
    codec.encode(message, out, memory);
    return KeepLargest.any().decode(out.finish().open(), memory).get("w").toArray();
  }

  @Test
  void anyReaderReadsWhatTheLargestAre() {
    assertThat(through(new KeepLargest(0.5, 0), map(1, -4, 2, -1, 3, 1), Memory.NONE))
        .containsExactly(0, -4, 2, 0, 3, 0);
    assertThat(through(new KeepLargest(0.5, 0), map(1, 1, 1, 1), Memory.NONE))
        .containsExactly(0, 0, 1, 1);
  }

  @Test
  void otherValueCodecsTakeItsPlace() {
    assertThat(new KeepLargest(0.5, 0).over(new Fp16()).id())
        .isEqualTo(Codecs.TENSORS.over(new Fp16()).id());
  }

  @Test
  void badSharesAreNamed() {
    assertThatThrownBy(() -> new KeepLargest(1, 0))
        .hasMessage("left: 1.0 (expected: 0 to below 1)");
    assertThatThrownBy(() -> new KeepLargest(0, 2)).hasMessage("feedback: 2.0 (expected: 0 to 1)");
  }
}
