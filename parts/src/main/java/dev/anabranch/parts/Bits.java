package dev.anabranch.parts;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A row of bits in memory, the first in the lowest bit of the first byte. */
final class Bits {
  private Bits() {}

  /** Bytes of n bits. */
  static long bytes(long n) {
    return (n + 7) / 8;
  }

  static void clear(MemorySegment bits) {
    bits.fill((byte) 0);
  }

  static void set(MemorySegment bits, long index) {
    byte old = bits.get(ValueLayout.JAVA_BYTE, index >>> 3);
    bits.set(ValueLayout.JAVA_BYTE, index >>> 3, (byte) (old | 1 << (index & 7)));
  }

  static boolean get(MemorySegment bits, long index) {
    return (bits.get(ValueLayout.JAVA_BYTE, index >>> 3) >>> (index & 7) & 1) != 0;
  }

  /** How many of the first n bits are set. */
  static long count(MemorySegment bits, long n) {
    long count = 0;
    for (long i = 0; i < n; i++) {
      count += get(bits, i) ? 1 : 0;
    }
    return count;
  }
}
