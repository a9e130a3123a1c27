package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import org.jspecify.annotations.Nullable;

/**
 * An encoded message: its head (names, shapes, counts: framing) and its body (values: payload),
 * both little-endian. Closing frees the memory; views decoded from it must not be used afterwards.
 */
public final class Wire implements AutoCloseable {
  private final MemorySegment head;
  private final MemorySegment body;
  private final long absentPayload;
  private final long absentFraming;
  private final AutoCloseable memory;
  private final @Nullable OffHeap bodyMemory;

  /** A message whose bytes lie in memory that {@code memory} frees. */
  public Wire(MemorySegment head, MemorySegment body, AutoCloseable memory) {
    this.head = head;
    this.body = body;
    this.absentPayload = 0;
    this.absentFraming = 0;
    this.memory = memory;
    this.bodyMemory = null;
  }

  Wire(
      MemorySegment head,
      MemorySegment body,
      long absentPayload,
      long absentFraming,
      OffHeap headMemory,
      OffHeap bodyMemory) {
    this.head = head;
    this.body = body;
    this.absentPayload = absentPayload;
    this.absentFraming = absentFraming;
    this.memory =
        () -> {
          headMemory.close();
          bodyMemory.close();
        };
    this.bodyMemory = bodyMemory;
  }

  /**
   * A message whose bytes lie in a file. The body is read where it is touched, and what a sweep has
   * passed is let go of, so that it never has to fit in memory.
   */
  public static Wire inFile(FileChannel file, long headAt, long head, long bodyAt, long body)
      throws IOException {
    var first = OffHeap.room(head);
    for (var bytes = first.segment().asByteBuffer(); bytes.hasRemaining(); ) {
      if (file.read(bytes, headAt + bytes.position()) < 0) {
        throw new EOFException("it ends within a message");
      }
    }
    var second = body == 0 ? OffHeap.room(0) : OffHeap.of(file, bodyAt, body);
    return new Wire(first.segment(), second.segment(), 0, 0, first, second);
  }

  /** Another hold on the body's memory; null where it is somebody else's. */
  @Nullable OffHeap shareBody() {
    return bodyMemory == null ? null : bodyMemory.share();
  }

  public MemorySegment head() {
    return head;
  }

  public MemorySegment body() {
    return body;
  }

  /** Bytes that stand for values, with those that {@link WireOut#absent} counted. */
  public long payloadBytes() {
    return body.byteSize() + absentPayload;
  }

  /** All other bytes of the message, counted alike. */
  public long framingBytes() {
    return head.byteSize() + absentFraming;
  }

  public WireIn open() {
    return new WireIn(head, body, this);
  }

  @Override
  public void close() {
    try {
      memory.close();
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }
}
