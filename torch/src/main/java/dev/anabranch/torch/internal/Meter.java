package dev.anabranch.torch.internal;

import dev.anabranch.core.Tensor;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;

/** What one piece of work on a lane has done so far. Belongs to the lane's thread. */
public final class Meter {
  private final boolean watched;
  private final long elsewhere = Tensor.elsewhereBytes();
  private final BooleanSupplier stopped;
  private Runnable listener = () -> {};
  private long macs;
  private long peak;
  private long nestedNanos;

  Meter(boolean watched, BooleanSupplier stopped) {
    this.watched = watched;
    this.stopped = stopped;
  }

  /**
   * The meter of the work that runs now.
   *
   * @throws IllegalStateException on a thread that is not a lane
   */
  public static Meter here() {
    if (Thread.currentThread() instanceof LaneThread lane) {
      var meter = lane.meter();
      if (meter != null) {
        return meter;
      }
    }
    throw new IllegalStateException(
        "thread: "
            + Thread.currentThread().getName()
            + " (expected: a lane; tensor work belongs into Lane.run)");
  }

  /** Native bytes in use; blocks that wait for the next visit are not. */
  static long live() {
    return Math.max(0, NativeMemory.live().orElse(0) - Tensor.idleBytes());
  }

  /** Counts multiply-accumulates. */
  void add(long executed) {
    macs += executed;
  }

  /** Who is told of the end of each operation from now on. */
  void listen(Runnable told) {
    listener = told;
  }

  /** Marks the end of an operation: samples live memory if the work is watched. */
  void boundary() {
    listener.run();
    if (stopped.getAsBoolean()) {
      throw new CancellationException("lanes: shutting down");
    }
    if (watched) {
      peak = Math.max(peak, live() - Tensor.elsewhereBytes() + elsewhere);
    }
  }

  void nested(Meter inner, long nanos) {
    nestedNanos += nanos;
    peak = Math.max(peak, inner.peak);
  }

  boolean watched() {
    return watched;
  }

  long macs() {
    return macs;
  }

  long peak() {
    return peak;
  }

  long nestedNanos() {
    return nestedNanos;
  }
}
