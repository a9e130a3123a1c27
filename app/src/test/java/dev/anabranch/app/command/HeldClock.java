package dev.anabranch.app.command;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The system's clock, ahead of it as a test says. An agent asks it whenever it sends a message, and
 * so can be held in the middle of a visit. Thread-safe.
 */
final class HeldClock implements InstantSource {
  /** Done when the agent is held. */
  final CompletableFuture<Void> held = new CompletableFuture<>();

  private final AtomicInteger calls = new AtomicInteger();
  private final CountDownLatch released = new CountDownLatch(1);
  private final int at;
  private volatile Duration ahead = Duration.ZERO;

  /**
   * @param at the call that is not answered before {@link #release}; 0: none
   */
  HeldClock(int at) {
    this.at = at;
  }

  void release() {
    released.countDown();
  }

  /** Goes by this much faster than the system's, from now on. */
  void ahead(Duration by) {
    ahead = by;
  }

  @Override
  public Instant instant() {
    if (calls.incrementAndGet() == at) {
      held.complete(null);
      try {
        released.await();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    return InstantSource.system().instant().plus(ahead);
  }
}
