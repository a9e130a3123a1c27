package dev.anabranch.core;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Where a codec reads. Every length is checked against what is there. Not thread-safe. */
public final class WireIn {
  private static final int MAX_RANK = 8;

  private final MemorySegment head;
  private final MemorySegment body;
  private final Object owner;
  private long headAt;
  private long bodyAt;

  /**
   * @param owner keeps the memory; views that are handed out keep it reachable
   */
  public WireIn(MemorySegment head, MemorySegment body, Object owner) {
    this.head = head;
    this.body = body;
    this.owner = owner;
  }

  private long head(long bytes) {
    if (bytes < 0 || bytes > head.byteSize() - headAt) {
      throw new WireException(
          "message head: " + (head.byteSize() - headAt) + " bytes left (expected: " + bytes + ")");
    }
    long at = headAt;
    headAt += bytes;
    return at;
  }

  private long body(long bytes) {
    if (bytes < 0 || bytes > body.byteSize() - bodyAt) {
      throw new WireException(
          "message body: " + (body.byteSize() - bodyAt) + " bytes left (expected: " + bytes + ")");
    }
    long at = bodyAt;
    bodyAt += bytes;
    return at;
  }

  public int headInt() {
    return head.get(WireOut.INT, head(4));
  }

  public long headLong() {
    return head.get(WireOut.LONG, head(8));
  }

  public double headDouble() {
    return Double.longBitsToDouble(headLong());
  }

  /**
   * A count that the caller will loop over or allocate by; refused unless within {@code [0, max]}.
   */
  public int headCount(int max) {
    int n = headInt();
    if (n < 0 || n > max) {
      throw new WireException("count: " + n + " (expected: 0 to " + max + ")");
    }
    return n;
  }

  /** Whole numbers behind their count; refused unless all of them are there. */
  public int[] headInts() {
    int n = headInt();
    if (n < 0 || n > (head.byteSize() - headAt) / Integer.BYTES) {
      throw new WireException(
          "count: " + n + " (expected: 0 to " + (head.byteSize() - headAt) / Integer.BYTES + ")");
    }
    int[] out = new int[n];
    for (int i = 0; i < n; i++) {
      out[i] = headInt();
    }
    return out;
  }

  public String headText() {
    int length = headInt();
    long at = head(length);
    return new String(
        head.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }

  /** A shape whose elements fit an array of bytes on any machine that could have sent it. */
  public long[] headShape() {
    long[] shape = new long[headCount(MAX_RANK)];
    long elements = 1;
    for (int i = 0; i < shape.length; i++) {
      shape[i] = headLong();
      if (shape[i] < 0 || (shape[i] > 0 && elements > (1L << 40) / shape[i])) {
        throw new WireException(
            "shape: size " + shape[i] + " (expected: a tensor of at most 2^40 elements)");
      }
      elements *= shape[i];
    }
    return shape;
  }

  public byte getByte() {
    return body.get(ValueLayout.JAVA_BYTE, body(1));
  }

  public short getShort() {
    return body.get(WireOut.SHORT, body(2));
  }

  public int getInt() {
    return body.get(WireOut.INT, body(4));
  }

  public float getFloat() {
    return body.get(Tensor.FLOAT, body(4));
  }

  /** A view on the next bytes. */
  public MemorySegment get(long bytes) {
    return body.asSlice(body(bytes), bytes);
  }

  /** Payload bytes that have not been read. */
  public long left() {
    return body.byteSize() - bodyAt;
  }

  /** What keeps the memory of the views that this reader hands out. */
  public Object owner() {
    return owner;
  }

  /** Throws unless everything has been read. */
  public void end() {
    if (headAt != head.byteSize() || bodyAt != body.byteSize()) {
      throw new WireException(
          "message: "
              + (head.byteSize() - headAt)
              + " + "
              + left()
              + " bytes too many (expected: none)");
    }
  }
}
