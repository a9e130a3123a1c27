package dev.anabranch.parts;

import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Values are converted in blocks on the heap: loops over arrays are what the compiler turns into
 * vector code.
 */
final class Blocks {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int LARGEST = 4096;

  private Blocks() {}

  /** Values in a block, for n values in all; at least 1. */
  static int size(long n) {
    return (int) Math.clamp(n, 1, LARGEST);
  }

  /**
   * floor(share · n), where a product that misses a whole number by rounding alone counts as that
   * number.
   */
  static int floor(double share, long n) {
    return (int) Math.floor(share * n + 1e-9);
  }
}
