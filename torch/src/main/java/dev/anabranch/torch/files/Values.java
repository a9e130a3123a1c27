package dev.anabranch.torch.files;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.function.LongUnaryOperator;

/**
 * Reads stored values into memory as 32-bit or 16-bit floats, a few thousand at a time. Stateless;
 * safe from any thread.
 */
final class Values {
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfDouble DOUBLE =
      ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  /** A multiple of every block. */
  private static final int STEP = 4096;

  /** What values become. */
  enum As {
    FP32(Encoding.F32),
    BF16(Encoding.BF16);

    private final Encoding same;

    As(Encoding same) {
      this.same = same;
    }

    int bytes() {
      return same.blockBytes();
    }
  }

  private Values() {}

  /** Reads values in the order of the file. */
  static void read(MemorySegment from, Encoding encoding, MemorySegment into, As as) {
    long elements = from.byteSize() / encoding.blockBytes() * encoding.blockElements();
    requireRoom(elements, into, as);
    if (encoding == as.same) {
      MemorySegment.copy(from, 0, into, 0, from.byteSize());
      return;
    }
    float[] some = new float[(int) Math.min(STEP, elements)];
    short[] halves = new short[as == As.BF16 ? some.length : 0];
    for (long at = 0; at < elements; at += STEP) {
      int n = (int) Math.min(STEP, elements - at);
      decode(from, encoding, at, some, n);
      put(some, halves, n, into, at, as);
    }
  }

  /**
   * Reads a matrix row by row in another order.
   *
   * @param source the row of the file that becomes a given row
   */
  static void readRows(
      MemorySegment from,
      Encoding encoding,
      long columns,
      LongUnaryOperator source,
      MemorySegment into,
      As as) {
    long rowBytes = encoding.bytes(columns);
    long rows = from.byteSize() / rowBytes;
    requireRoom(rows * columns, into, as);
    for (long row = 0; row < rows; row++) {
      read(
          from.asSlice(source.applyAsLong(row) * rowBytes, rowBytes),
          encoding,
          into.asSlice(row * columns * as.bytes(), columns * as.bytes()),
          as);
    }
  }

  private static void requireRoom(long elements, MemorySegment into, As as) {
    if (into.byteSize() != elements * as.bytes()) {
      throw new IllegalArgumentException(
          "into: " + into.byteSize() + " bytes (expected: " + elements * as.bytes() + ")");
    }
  }

  private static void put(float[] some, short[] halves, int n, MemorySegment into, long at, As as) {
    if (as == As.FP32) {
      MemorySegment.copy(some, 0, into, FLOAT, at * Float.BYTES, n);
      return;
    }
    for (int i = 0; i < n; i++) {
      halves[i] = bf16(some[i]);
    }
    MemorySegment.copy(halves, 0, into, SHORT, at * Short.BYTES, n);
  }

  /** The nearest bfloat16, ties to even; what is no number stays none. */
  static short bf16(float value) {
    int bits = Float.floatToRawIntBits(value);
    if (Float.isNaN(value)) {
      return (short) (bits >>> 16 | 0x40);
    }
    return (short) ((bits + 0x7fff + (bits >>> 16 & 1)) >>> 16);
  }

  private static void decode(
      MemorySegment from, Encoding encoding, long first, float[] into, int n) {
    if (encoding.quantised()) {
      int blocks = n / encoding.blockElements();
      long at = encoding.bytes(first);
      for (int i = 0; i < blocks; i++) {
        BlockFormats.decode(encoding, from, at, into, i * encoding.blockElements());
        at += encoding.blockBytes();
      }
      return;
    }
    for (int i = 0; i < n; i++) {
      into[i] = number(from, encoding, first + i);
    }
  }

  private static float number(MemorySegment from, Encoding encoding, long i) {
    return switch (encoding) {
      case F64 -> (float) from.get(DOUBLE, 8 * i);
      case F32 -> from.get(FLOAT, 4 * i);
      case F16 -> Float.float16ToFloat(from.get(SHORT, 2 * i));
      case BF16 -> Float.intBitsToFloat(from.get(SHORT, 2 * i) << 16);
      case I64 -> (float) from.get(LONG, 8 * i);
      case I32 -> (float) from.get(INT, 4 * i);
      case I16 -> from.get(SHORT, 2 * i);
      case I8 -> from.get(JAVA_BYTE, i);
      case U8, BOOL -> from.get(JAVA_BYTE, i) & 0xff;
      default -> throw new IllegalArgumentException(encoding + " (expected: plain numbers)");
    };
  }
}
