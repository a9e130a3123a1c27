package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Wire;
import dev.anabranch.core.WireOut;
import dev.anabranch.fabrics.common.Parcel;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Keeps messages off the heap until they are received, and holds the peer back while those that
 * wait are larger than a bound. Thread-safe.
 */
public final class MemorySpool implements Spool {
  private final long bound;
  private long unread;

  /**
   * @param bound bytes of messages not yet received above which the peer has to wait; one message
   *     is always taken
   */
  public MemorySpool(long bound) {
    this.bound = bound;
  }

  private synchronized void enter(long bytes) throws InterruptedException {
    while (unread > 0 && unread + bytes > bound) {
      wait();
    }
    unread += Math.max(1, bytes);
  }

  private synchronized void leave(long bytes) {
    unread -= Math.max(1, bytes);
    notifyAll();
  }

  @Override
  public Incoming begin(String topic, String codec, long headBytes, long bodyBytes)
      throws InterruptedException {
    enter(headBytes + bodyBytes);
    return new Message(topic, codec, headBytes, bodyBytes);
  }

  @Override
  public void ended(@Nullable String reason) {}

  private final class Message implements Incoming, Arrival {
    private final String topic;
    private final String codec;
    private final Wire head;
    private final Wire body;
    private final AtomicBoolean left = new AtomicBoolean();
    private long headAt;
    private long bodyAt;

    Message(String topic, String codec, long headBytes, long bodyBytes) {
      this.topic = topic;
      this.codec = codec;
      this.head = room(headBytes);
      this.body = room(bodyBytes);
    }

    private static Wire room(long bytes) {
      var out = new WireOut(bytes);
      out.reserve(bytes);
      return out.finish();
    }

    @Override
    public void head(MemorySegment bytes) {
      MemorySegment.copy(bytes, 0, head.body(), headAt, bytes.byteSize());
      headAt += bytes.byteSize();
    }

    @Override
    public void body(MemorySegment bytes) {
      MemorySegment.copy(bytes, 0, body.body(), bodyAt, bytes.byteSize());
      bodyAt += bytes.byteSize();
    }

    @Override
    public Arrival whole() {
      return this;
    }

    private void leave() {
      if (left.compareAndSet(false, true)) {
        MemorySpool.this.leave(head.body().byteSize() + body.body().byteSize());
      }
    }

    private void free() {
      leave();
      head.close();
      body.close();
    }

    @Override
    public Parcel open() {
      leave();
      return new Parcel(topic, codec, new Wire(head.body(), body.body(), this::free));
    }

    @Override
    public void abandon() {
      free();
    }

    @Override
    public void discard() {
      free();
    }
  }
}
