package dev.anabranch.torch.files;

import java.util.EnumSet;
import java.util.stream.Collectors;

/**
 * How a file stores values: plain numbers, or blocks of small integers with common scales, as in
 * ggml. Little-endian throughout.
 */
public enum Encoding {
  F64(1, 8),
  F32(1, 4),
  F16(1, 2),
  BF16(1, 2),
  I64(1, 8),
  I32(1, 4),
  I16(1, 2),
  I8(1, 1),
  U8(1, 1),
  BOOL(1, 1),
  Q4_0(32, 18),
  Q4_1(32, 20),
  Q5_0(32, 22),
  Q5_1(32, 24),
  Q8_0(32, 34),
  Q2_K(256, 84),
  Q3_K(256, 110),
  Q4_K(256, 144),
  Q5_K(256, 176),
  Q6_K(256, 210);

  private final int blockElements;
  private final int blockBytes;

  Encoding(int blockElements, int blockBytes) {
    this.blockElements = blockElements;
    this.blockBytes = blockBytes;
  }

  /** Values that are stored together; 1 for plain numbers. */
  public int blockElements() {
    return blockElements;
  }

  /** Bytes of one block. */
  public int blockBytes() {
    return blockBytes;
  }

  /**
   * Bytes of some values.
   *
   * @param elements a multiple of {@link #blockElements()}
   * @throws ArithmeticException beyond 2^63 bytes
   */
  public long bytes(long elements) {
    return Math.multiplyExact(elements / blockElements, (long) blockBytes);
  }

  /** True for blocks with common scales. */
  public boolean quantised() {
    return blockElements > 1;
  }

  static String names(EnumSet<Encoding> encodings) {
    return encodings.stream().map(Enum::name).collect(Collectors.joining(", "));
  }
}
