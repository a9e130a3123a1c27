package dev.anabranch.torch.files;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import dev.anabranch.core.Folklore;
import java.lang.foreign.MemorySegment;

/**
 * The block formats of ggml: integers of few bits, with scales (and, for some, minima) that a block
 * shares. All arithmetic is in 32-bit floats and in ggml's order, so that values are equal to the
 * bit. Stateless; safe from any thread.
 *
 * <p>Notation: {@code d} the scale, {@code m} the minimum, {@code q} the integers, {@code h} their
 * upper bits. A block of 32 keeps value {@code j} in the lower half of byte {@code j} and value
 * {@code j + 16} in its upper half.
 */
@Folklore("block formats of ggml, ggml-quants.c")
final class BlockFormats {
  private BlockFormats() {}

  /** Decodes one block at byte {@code at} into values from {@code to} on. */
  static void decode(Encoding encoding, MemorySegment b, long at, float[] y, int to) {
    switch (encoding) {
      case Q4_0 -> q4(b, at + 2, half(b, at), -0f, 8, y, to);
      case Q4_1 -> q4(b, at + 4, half(b, at), half(b, at + 2), 0, y, to);
      case Q5_0 -> q5(b, at + 6, b.get(Values.INT, at + 2), half(b, at), -0f, 16, y, to);
      case Q5_1 -> q5(b, at + 8, b.get(Values.INT, at + 4), half(b, at), half(b, at + 2), 0, y, to);
      case Q8_0 -> q8(b, at, y, to);
      case Q2_K -> q2k(b, at, y, to);
      case Q3_K -> q3k(b, at, y, to);
      case Q4_K -> q4k(b, at, y, to);
      case Q5_K -> q5k(b, at, y, to);
      case Q6_K -> q6k(b, at, y, to);
      default -> throw new IllegalArgumentException(encoding + " (expected: blocks)");
    }
  }

  private static float half(MemorySegment b, long at) {
    return Float.float16ToFloat(b.get(Values.SHORT, at));
  }

  private static int u8(MemorySegment b, long at) {
    return b.get(JAVA_BYTE, at) & 0xff;
  }

  /** {@code d · (q − middle) + m}; a minimum of −0 leaves the sign of a zero alone. */
  private static void q4(MemorySegment b, long q, float d, float m, int middle, float[] y, int to) {
    for (int j = 0; j < 16; j++) {
      int both = u8(b, q + j);
      y[to + j] = d * ((both & 15) - middle) + m;
      y[to + j + 16] = d * ((both >> 4) - middle) + m;
    }
  }

  private static void q5(
      MemorySegment b, long q, int h, float d, float m, int middle, float[] y, int to) {
    for (int j = 0; j < 16; j++) {
      int both = u8(b, q + j);
      int low = both & 15 | h >>> j << 4 & 16;
      int high = both >> 4 | h >>> j + 12 & 16;
      y[to + j] = d * (low - middle) + m;
      y[to + j + 16] = d * (high - middle) + m;
    }
  }

  private static void q8(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at);
    for (int j = 0; j < 32; j++) {
      y[to + j] = d * b.get(JAVA_BYTE, at + 2 + j);
    }
  }

  /** 16 scales and minima of 4 bits each; 64 bytes of 2-bit values; d; the minima's scale. */
  private static void q2k(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at + 80);
    float min = half(b, at + 82);
    for (int group = 0; group < 16; group++) {
      int scale = u8(b, at + group);
      float dl = d * (scale & 15);
      float ml = min * (scale >> 4);
      long q = at + 16 + group / 8 * 32L + group % 2 * 16L;
      int shift = group % 8 / 2 * 2;
      for (int l = 0; l < 16; l++) {
        y[to + 16 * group + l] = dl * (u8(b, q + l) >> shift & 3) - ml;
      }
    }
  }

  /** 32 bytes of third bits; 64 bytes of 2-bit values; 16 scales of 6 bits in 12 bytes; d. */
  private static void q3k(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at + 108);
    long s = at + 96;
    for (int group = 0; group < 16; group++) {
      int low = group < 8 ? u8(b, s + group) & 15 : u8(b, s + group - 8) >> 4;
      int high = u8(b, s + 8 + group % 4) >> group / 4 * 2 & 3;
      float dl = d * ((low | high << 4) - 32);
      long h = at + group % 2 * 16L;
      long q = at + 32 + group / 8 * 32L + group % 2 * 16L;
      int shift = group % 8 / 2 * 2;
      int bit = group / 2;
      for (int l = 0; l < 16; l++) {
        int value = u8(b, q + l) >> shift & 3;
        y[to + 16 * group + l] = dl * (value - ((u8(b, h + l) >> bit & 1) == 0 ? 4 : 0));
      }
    }
  }

  /** The 6-bit scale of one of eight groups. */
  private static int scale(MemorySegment b, long s, int group) {
    return group < 4
        ? u8(b, s + group) & 63
        : u8(b, s + group + 4) & 15 | u8(b, s + group - 4) >> 6 << 4;
  }

  /** The 6-bit minimum of one of eight groups. */
  private static int minimum(MemorySegment b, long s, int group) {
    return group < 4
        ? u8(b, s + group + 4) & 63
        : u8(b, s + group + 4) >> 4 | u8(b, s + group) >> 6 << 4;
  }

  /** d; the minima's scale; 8 scales and minima of 6 bits in 12 bytes; 128 bytes of values. */
  private static void q4k(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at);
    float min = half(b, at + 2);
    for (int group = 0; group < 8; group++) {
      float dl = d * scale(b, at + 4, group);
      float ml = min * minimum(b, at + 4, group);
      long q = at + 16 + group / 2 * 32L;
      int shift = group % 2 * 4;
      for (int l = 0; l < 32; l++) {
        y[to + 32 * group + l] = dl * (u8(b, q + l) >> shift & 15) - ml;
      }
    }
  }

  /** As Q4_K, with 32 bytes of fifth bits before the values. */
  private static void q5k(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at);
    float min = half(b, at + 2);
    for (int group = 0; group < 8; group++) {
      float dl = d * scale(b, at + 4, group);
      float ml = min * minimum(b, at + 4, group);
      long q = at + 48 + group / 2 * 32L;
      int shift = group % 2 * 4;
      for (int l = 0; l < 32; l++) {
        int value = u8(b, q + l) >> shift & 15 | (u8(b, at + 16 + l) >> group & 1) << 4;
        y[to + 32 * group + l] = dl * value - ml;
      }
    }
  }

  /** 128 bytes of lower halves; 64 of upper bits; 16 scales of 8 bits; d. */
  private static void q6k(MemorySegment b, long at, float[] y, int to) {
    float d = half(b, at + 208);
    for (int group = 0; group < 16; group++) {
      float dl = d * b.get(JAVA_BYTE, at + 192 + group);
      int side = group / 8;
      int quarter = group % 8 / 2;
      long low = at + side * 64L + quarter % 2 * 32L + group % 2 * 16L;
      long high = at + 128 + side * 32L + group % 2 * 16L;
      for (int l = 0; l < 16; l++) {
        int value =
            u8(b, low + l) >> quarter / 2 * 4 & 15 | (u8(b, high + l) >> quarter * 2 & 3) << 4;
        y[to + 16 * group + l] = dl * (value - 32);
      }
    }
  }
}
