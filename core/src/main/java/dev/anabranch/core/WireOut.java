package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/**
 * Where a codec writes: {@code head*} methods write framing, {@code put*} methods write payload.
 * Not thread-safe.
 */
public final class WireOut {
  static final ValueLayout.OfInt INT =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfLong LONG =
      ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  static final ValueLayout.OfShort SHORT =
      ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final Section head = new Section(256);
  private final Section body;
  private long absentPayload;
  private long absentFraming;

  /**
   * @param expectedBytes a hint for the payload's size
   */
  public WireOut(long expectedBytes) {
    body = new Section(Math.max(64, expectedBytes));
  }

  public WireOut() {
    this(1024);
  }

  /** One growing block, taken when the first byte is written. */
  private static final class Section {
    private final long capacity;
    private @Nullable OffHeap memory;
    private long size;

    Section(long capacity) {
      this.capacity = capacity;
    }

    OffHeap memory() {
      if (memory == null) {
        memory = OffHeap.room(capacity);
      }
      return memory;
    }

    /** Reserves room and gives its offset. */
    long grow(long bytes) {
      long at = size;
      long needed = Math.addExact(size, bytes);
      var held = memory();
      long room = held.segment().byteSize();
      if (needed > room) {
        var larger = OffHeap.room(Math.max(needed, room * 2));
        MemorySegment.copy(held.segment(), 0, larger.segment(), 0, size);
        held.close();
        memory = larger;
      }
      size = needed;
      return at;
    }

    MemorySegment segment() {
      return memory().segment();
    }

    MemorySegment written() {
      return segment().asSlice(0, size);
    }

    /** Takes the memory of someone else for its own; what follows is written behind a copy. */
    void adopt(OffHeap whole) {
      if (memory != null) {
        memory.close();
      }
      memory = whole;
      size = whole.segment().byteSize();
    }
  }

  public void headInt(int v) {
    long at = head.grow(4);
    head.segment().set(INT, at, v);
  }

  public void headLong(long v) {
    long at = head.grow(8);
    head.segment().set(LONG, at, v);
  }

  public void headDouble(double v) {
    headLong(Double.doubleToRawLongBits(v));
  }

  public void headText(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    headInt(bytes.length);
    long at = head.grow(bytes.length);
    MemorySegment.copy(MemorySegment.ofArray(bytes), 0, head.segment(), at, bytes.length);
  }

  /** A count and as many whole numbers. */
  public void headInts(int[] values) {
    headInt(values.length);
    for (int v : values) {
      headInt(v);
    }
  }

  public void headShape(long[] shape) {
    headInt(shape.length);
    for (long s : shape) {
      headLong(s);
    }
  }

  public void putByte(byte v) {
    long at = body.grow(1);
    body.segment().set(ValueLayout.JAVA_BYTE, at, v);
  }

  public void putShort(short v) {
    long at = body.grow(2);
    body.segment().set(SHORT, at, v);
  }

  public void putInt(int v) {
    long at = body.grow(4);
    body.segment().set(INT, at, v);
  }

  public void putFloat(float v) {
    long at = body.grow(4);
    body.segment().set(Tensor.FLOAT, at, v);
  }

  /** Copies bytes as they are. */
  public void put(MemorySegment bytes) {
    long at = body.grow(bytes.byteSize());
    MemorySegment.copy(bytes, 0, body.segment(), at, bytes.byteSize());
  }

  /**
   * Puts all values of a map as they are, without a copy where the message begins with them and the
   * map owns its memory. The map must not change afterwards; it may be closed.
   */
  public void put(TensorMap values) {
    var memory = body.size == 0 ? values.share() : null;
    if (memory == null) {
      put(values.data());
    } else {
      body.adopt(memory);
    }
  }

  /** Room of {@code bytes} for the codec to fill; valid until the next call. */
  public MemorySegment reserve(long bytes) {
    long at = body.grow(bytes);
    return body.segment().asSlice(at, bytes);
  }

  /**
   * Counts bytes that are not written: an estimate needs their number, not their values.
   *
   * @param payload that would stand for values
   * @param framing that would be there beside what is; below 0 for more than would be
   */
  public void absent(long payload, long framing) {
    absentPayload += payload;
    absentFraming += framing;
  }

  /** The message. This writer must not be used afterwards. */
  public Wire finish() {
    var h = head.memory();
    var b = body.memory();
    return new Wire(head.written(), body.written(), absentPayload, absentFraming, h, b);
  }
}
