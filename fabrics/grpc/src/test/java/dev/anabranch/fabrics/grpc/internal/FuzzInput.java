package dev.anabranch.fabrics.grpc.internal;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * An input in parts: each part begins with its length in 16 bits, and the last is what is left. A
 * length beyond the end means all that is left, so that any bytes are an input.
 */
final class FuzzInput {
  private final ByteBuffer bytes;

  FuzzInput(byte[] bytes) {
    this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }

  boolean isEmpty() {
    return !bytes.hasRemaining();
  }

  /** The next byte, 0 to 255; 0 at the end. */
  int choice() {
    return bytes.hasRemaining() ? bytes.get() & 0xFF : 0;
  }

  byte[] part() {
    int length = bytes.remaining() < 2 ? 0 : bytes.getShort() & 0xFFFF;
    return take(Math.min(length, bytes.remaining()));
  }

  byte[] rest() {
    return take(bytes.remaining());
  }

  private byte[] take(int length) {
    byte[] out = new byte[length];
    bytes.get(out);
    return out;
  }

  /** The inverse: choices and parts, one after another. */
  static byte[] of(Object... choicesAndParts) {
    var out = ByteBuffer.allocate(1 << 17).order(ByteOrder.LITTLE_ENDIAN);
    for (var each : choicesAndParts) {
      if (each instanceof byte[] part) {
        out.putShort((short) part.length).put(part);
      } else {
        out.put(((Integer) each).byteValue());
      }
    }
    return Arrays.copyOf(out.array(), out.position());
  }

  /** Joins inputs that follow each other. */
  static byte[] join(byte[]... inputs) {
    var out = new ByteArrayOutputStream();
    for (byte[] input : inputs) {
      out.writeBytes(input);
    }
    return out.toByteArray();
  }
}
