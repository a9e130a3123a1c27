package dev.anabranch.parts;

import java.util.stream.IntStream;

/** Selection by magnitude in linear time. */
final class Largest {
  private Largest() {}

  /** Bits of |v|: as whole numbers they stand in the order of magnitude, infinity and NaN last. */
  private static int key(float v) {
    return Float.floatToRawIntBits(v) & 0x7FFF_FFFF;
  }

  /**
   * The k largest by magnitude, NaN before infinity before the rest, ties to the lower index.
   *
   * @return indices in ascending order
   */
  static int[] indices(float[] values, int k) {
    if (k == values.length) {
      return IntStream.range(0, k).toArray();
    }
    int[] out = new int[k];
    if (k == 0) {
      return out;
    }
    // The k-th largest key, found from its upper bits down: 11, 10 and 10 of 31.
    int prefix = 0;
    int mask = 0;
    int left = k; // how many of those that share the prefix are still wanted
    for (int shift : new int[] {20, 10, 0}) {
      int[] counts = new int[1 << (shift == 20 ? 11 : 10)];
      for (float v : values) {
        int key = key(v);
        if ((key & mask) == prefix) {
          counts[(key >>> shift) & (counts.length - 1)]++;
        }
      }
      int digit = counts.length - 1;
      while (counts[digit] < left) {
        left -= counts[digit--];
      }
      prefix |= digit << shift;
      mask |= (counts.length - 1) << shift;
    }
    int n = 0;
    for (int i = 0; n < k; i++) {
      int key = key(values[i]);
      if (key > prefix || (key == prefix && left-- > 0)) {
        out[n++] = i;
      }
    }
    return out;
  }
}
