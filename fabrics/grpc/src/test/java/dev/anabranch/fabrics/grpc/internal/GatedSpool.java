package dev.anabranch.fabrics.grpc.internal;

import java.lang.foreign.MemorySegment;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** Takes nothing of a message until it is opened. */
final class GatedSpool implements Spool {
  private final MemorySpool behind = new MemorySpool(64 << 20);
  private final CountDownLatch first = new CountDownLatch(1);
  private final CountDownLatch gate = new CountDownLatch(1);

  void awaitFirst() {
    await(first);
  }

  void open() {
    gate.countDown();
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  @Override
  public Incoming begin(String topic, String codec, long headBytes, long bodyBytes)
      throws InterruptedException {
    var to = behind.begin(topic, codec, headBytes, bodyBytes);
    return new Incoming() {
      @Override
      public void head(MemorySegment bytes) {
        to.head(bytes);
      }

      @Override
      public void body(MemorySegment bytes) {
        first.countDown();
        GatedSpool.await(gate);
        to.body(bytes);
      }

      @Override
      public Arrival whole() {
        return to.whole();
      }

      @Override
      public void abandon() {
        to.abandon();
      }
    };
  }

  @Override
  public void ended(@Nullable String reason) {}
}
