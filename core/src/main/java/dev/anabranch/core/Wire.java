package dev.anabranch.core;

import java.lang.foreign.MemorySegment;

/**
 * An encoded message: its head (names, shapes, counts: framing) and its body (values: payload),
 * both little-endian. Closing frees the memory; views decoded from it must not be used afterwards.
 */
public final class Wire implements AutoCloseable {
  private final MemorySegment head;
  private final MemorySegment body;
  private final AutoCloseable memory;

  /** A message whose bytes lie in memory that {@code memory} frees. */
  public Wire(MemorySegment head, MemorySegment body, AutoCloseable memory) {
    this.head = head;
    this.body = body;
    this.memory = memory;
  }

  public MemorySegment head() {
    return head;
  }

  public MemorySegment body() {
    return body;
  }

  /** Bytes that stand for values. */
  public long payloadBytes() {
    return body.byteSize();
  }

  /** All other bytes of the message. */
  public long framingBytes() {
    return head.byteSize();
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
