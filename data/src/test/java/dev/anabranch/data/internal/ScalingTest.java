package dev.anabranch.data.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.data.Pictures.Shape;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScalingTest {
  private static final byte[] IMAGE = bytes(247, 15, 97, 1, 55, 119, 251, 88, 235, 101, 99, 108);

  private static byte[] bytes(int... values) {
    byte[] out = new byte[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (byte) values[i];
    }
    return out;
  }

  /** What torch.nn.functional.interpolate gives, bilinear with antialias, rounded. */
  @ParameterizedTest
  @CsvSource({
    "5, 5, 247 85 56 68 1 170 91 108 122 36 55 100 185 202 88 163 125 134 142 100 235 141 100 102"
        + " 108",
    "2, 2, 120 88 140 125",
    "7, 3, 177 56 30 163 74 45 118 130 91 74 185 137 126 149 123 178 112 110 195 100 105",
    "3, 4, 247 15 97 1 55 119 251 88 235 101 99 108"
  })
  void sizesAreThoseOfTorch(int height, int width, String expected) {
    var words = expected.split(" ", -1);
    int[] values = new int[words.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = Integer.parseInt(words[i]);
    }
    var scaling = new Scaling(new Shape(1, 3, 4), new Shape(1, height, width));
    assertThat(scaling.of(IMAGE)).isEqualTo(bytes(values));
  }

  @Test
  void greyBecomesEqualChannels() {
    var scaling = new Scaling(new Shape(1, 3, 4), new Shape(3, 2, 2));
    assertThat(scaling.of(IMAGE))
        .isEqualTo(bytes(120, 88, 140, 125, 120, 88, 140, 125, 120, 88, 140, 125));
  }

  @Test
  void channelsAreScaledApart() {
    var scaling = new Scaling(new Shape(3, 1, 2), new Shape(3, 1, 1));
    assertThat(scaling.of(bytes(0, 10, 100, 200, 250, 255))).isEqualTo(bytes(5, 150, 253));
  }

  @Test
  void coloursAreNotDropped() {
    assertThatThrownBy(() -> new Scaling(new Shape(3, 2, 2), new Shape(1, 2, 2)))
        .hasMessage("channels: 3 (expected: 1, or 1)");
  }
}
