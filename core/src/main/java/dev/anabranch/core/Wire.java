package dev.anabranch.core;

import java.lang.foreign.MemorySegment;

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

  /** A message whose bytes lie in memory that {@code memory} frees. */
  public Wire(MemorySegment head, MemorySegment body, AutoCloseable memory) {
    this(head, body, 0, 0, memory);
  }

  Wire(
      MemorySegment head,
      MemorySegment body,
      long absentPayload,
      long absentFraming,
      AutoCloseable memory) {
    this.head = head;
    this.body = body;
    this.absentPayload = absentPayload;
    this.absentFraming = absentFraming;
    this.memory = memory;
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
