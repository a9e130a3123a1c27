package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Blocks of random bytes, against the Python package gguf: {@code blocks/make.py}. */
class BlockFormatsTest {
  @TestFactory
  Stream<DynamicTest> equalsTheReferenceToTheBit() throws Exception {
    return Files.readAllLines(Golden.path("blocks/blocks.txt")).stream()
        .map(line -> line.split(" "))
        .map(parts -> DynamicTest.dynamicTest(parts[0], () -> check(parts)));
  }

  private static void check(String[] parts) {
    var hex = HexFormat.of();
    byte[] block = hex.parseHex(parts[1]);
    byte[] expected = hex.parseHex(parts[2]);
    byte[] found = new byte[expected.length];
    var encoding = Encoding.valueOf(parts[0]);
    Values.read(
        MemorySegment.ofArray(block), encoding, MemorySegment.ofArray(found), Values.As.FP32);
    assertThat(hex.formatHex(found)).isEqualTo(parts[2]);
    byte[] half = new byte[expected.length / 2];
    Values.read(
        MemorySegment.ofArray(block), encoding, MemorySegment.ofArray(half), Values.As.BF16);
    for (int i = 0; i < half.length / 2; i++) {
      float value = MemorySegment.ofArray(expected).get(ValueLayout.JAVA_FLOAT_UNALIGNED, 4L * i);
      float rounded =
          Float.intBitsToFloat(
              MemorySegment.ofArray(half).get(ValueLayout.JAVA_SHORT_UNALIGNED, 2L * i) << 16);
      assertThat(Math.abs(rounded - value)).isLessThanOrEqualTo(Math.abs(value) / 256);
    }
  }

  /** Beyond one step of the loop, and with a last step that is shorter. */
  @Test
  void readsManyBlocks() {
    int blocks = 300;
    byte[] bytes = new byte[blocks * 34];
    for (int i = 0; i < blocks; i++) {
      bytes[34 * i + 1] = 0x3c; // 1.0
      for (int j = 0; j < 32; j++) {
        bytes[34 * i + 2 + j] = (byte) (i + j);
      }
    }
    float[] found = new float[32 * blocks];
    Values.read(
        MemorySegment.ofArray(bytes), Encoding.Q8_0, MemorySegment.ofArray(found), Values.As.FP32);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i]).isEqualTo((byte) (i / 32 + i % 32));
    }
  }

  @Test
  void roundsHalvesToEven() {
    assertThat(Values.bf16(1 + 1f / 256)).isEqualTo((short) 0x3f80);
    assertThat(Values.bf16(1 + 3f / 256)).isEqualTo((short) 0x3f82);
    assertThat(Values.bf16(-0f)).isEqualTo((short) 0x8000);
    assertThat(Values.bf16(Float.POSITIVE_INFINITY)).isEqualTo((short) 0x7f80);
    assertThat(Values.bf16(Float.intBitsToFloat(0x7f800001))).isEqualTo((short) 0x7fc0);
  }

  @Test
  void roomOfAnotherSizeIsRefused() {
    assertThatThrownBy(() ->
            Values.read(
                MemorySegment.ofArray(new byte[8]),
                Encoding.F32,
                MemorySegment.ofArray(new byte[4]),
                Values.As.FP32))
        .hasMessage("into: 4 bytes (expected: 8)");
  }
}
