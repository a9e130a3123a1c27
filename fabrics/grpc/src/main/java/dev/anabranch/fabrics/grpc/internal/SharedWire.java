package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Wire;

/**
 * One encoded message that is posted several times: to several devices, or to the next attempt of a
 * visit. Freed when the last hold on it is closed. Thread-safe.
 */
final class SharedWire implements AutoCloseable {
  private final Wire wire;
  private int holds = 1;

  /** Takes the wire over; the first hold is the caller's. */
  SharedWire(Wire wire) {
    this.wire = wire;
  }

  /** Another hold on the same bytes, which closing gives up. */
  synchronized Wire hold() {
    if (holds == 0) {
      throw new IllegalStateException("message: freed (expected: held)");
    }
    holds++;
    return new Wire(wire.head(), wire.body(), new Hold());
  }

  /** One more holder of the same; it is closed as often. */
  synchronized SharedWire share() {
    holds++;
    return this;
  }

  private synchronized void release() {
    if (--holds == 0) {
      wire.close();
    }
  }

  @Override
  public void close() {
    release();
  }

  /** One posting's part. */
  private final class Hold implements AutoCloseable {
    private boolean closed;

    @Override
    public synchronized void close() {
      if (!closed) {
        closed = true;
        release();
      }
    }
  }
}
