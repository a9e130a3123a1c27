package dev.anabranch.torch.internal;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * Reads the fields of one protobuf message that lies in memory, checking every length.
 *
 * <p>Usage: {@code while (reader.next()) switch (reader.field()) ...}; a field that nobody reads is
 * skipped. Not thread-safe.
 */
final class WireReader {
  private static final int VARINT = 0;
  private static final int FIXED64 = 1;
  private static final int BYTES = 2;
  private static final int FIXED32 = 5;

  private final String where;
  private final MemorySegment message;
  private long at;
  private int field;
  private int kind;
  private long number;
  private MemorySegment bytes = MemorySegment.NULL;

  /**
   * @param where what is read, for error messages: {@code model.onnx}
   */
  WireReader(String where, MemorySegment message) {
    this.where = where;
    this.message = message;
  }

  /** Moves to the next field; false at the end of the message. */
  boolean next() {
    if (at == message.byteSize()) {
      return false;
    }
    long tag = varint();
    field = (int) (tag >>> 3);
    kind = (int) (tag & 7);
    if (field < 1 || tag >>> 32 != 0) {
      throw broken("field", tag >>> 3, "1 to 536870911");
    }
    switch (kind) {
      case VARINT -> number = varint();
      case FIXED64 ->
          number = take(8).get(JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 0);
      case BYTES -> bytes = take(varint());
      case FIXED32 -> take(4);
      default -> throw broken("wire type", kind, "0, 1, 2 or 5");
    }
    return true;
  }

  /** Number of the field that {@link #next} found. */
  int field() {
    return field;
  }

  /** Its value as an integer. */
  long number() {
    require(VARINT);
    return number;
  }

  /** Its bytes: a nested message, a string, or packed numbers. */
  MemorySegment bytes() {
    require(BYTES);
    return bytes;
  }

  /** Whether it holds bytes; repeated numbers may come packed or one by one. */
  boolean hasBytes() {
    return kind == BYTES;
  }

  String text() {
    return new String(bytes().toArray(JAVA_BYTE), StandardCharsets.UTF_8);
  }

  WireReader nested() {
    return new WireReader(where, bytes());
  }

  /** Reads the next number of a packed field whose bytes are this whole message. */
  long packed() {
    return varint();
  }

  boolean atEnd() {
    return at == message.byteSize();
  }

  private void require(int expected) {
    if (kind != expected) {
      throw broken("wire type of field " + field, kind, Integer.toString(expected));
    }
  }

  private MemorySegment take(long length) {
    long left = message.byteSize() - at;
    if (length < 0 || length > left) {
      throw broken("length", length, "0 to " + left);
    }
    var slice = message.asSlice(at, length);
    at += length;
    return slice;
  }

  private long varint() {
    long value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      byte next = take(1).get(JAVA_BYTE, 0);
      value |= (long) (next & 0x7f) << shift;
      if (next >= 0) {
        return value;
      }
    }
    throw broken("number", value, "at most 10 bytes");
  }

  private IllegalArgumentException broken(String what, long value, String expected) {
    return new IllegalArgumentException(
        where + ": " + what + " " + value + " at byte " + at + " (expected: " + expected + ")");
  }
}
