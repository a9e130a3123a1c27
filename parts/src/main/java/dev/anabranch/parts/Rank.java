package dev.anabranch.parts;

import java.lang.foreign.MemorySegment;

/**
 * A place in the order of magnitudes of many values: found in linear time, without a copy. NaN
 * counts as the largest, then infinity.
 *
 * @param key bits of the magnitude of the k-th smallest value
 * @param ties how many of the k smallest have this magnitude
 * @param equals how many of all have it
 */
record Rank(int key, long ties, long equals) {
  private static final int[] SHIFTS = {20, 10, 0}; // 11, 10 and 10 bits of 31

  /** Bits of |v|: as whole numbers they stand in the order of magnitude. */
  static int key(MemorySegment values, long index) {
    return values.getAtIndex(Blocks.INT, index) & 0x7FFF_FFFF;
  }

  /**
   * The k-th smallest of n floats.
   *
   * @param k 1 to n
   */
  static Rank smallest(MemorySegment values, long n, long k) {
    int prefix = 0;
    int mask = 0;
    long left = k;
    long equals = 0;
    for (int shift : SHIFTS) {
      long[] counts = new long[1 << (shift == 20 ? 11 : 10)];
      for (long i = 0; i < n; i++) {
        int key = key(values, i);
        if ((key & mask) == prefix) {
          counts[(key >>> shift) & (counts.length - 1)]++;
        }
      }
      int digit = 0;
      while (counts[digit] < left) {
        left -= counts[digit++];
      }
      equals = counts[digit];
      prefix |= digit << shift;
      mask |= (counts.length - 1) << shift;
    }
    return new Rank(prefix, left, equals);
  }
}
