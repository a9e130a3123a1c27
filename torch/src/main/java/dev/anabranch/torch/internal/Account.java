package dev.anabranch.torch.internal;

import java.util.concurrent.atomic.AtomicLong;

/**
 * What a piece of work without values would have done: its multiply-accumulates, and the native
 * bytes that are live at the operation boundaries where {@link Meter} samples them. Guarded by the
 * lock of {@link DryLanes}.
 */
final class Account {
  private final AtomicLong live = new AtomicLong();
  private long macs;
  private long peak;

  void begin() {
    macs = 0;
    peak = live.get();
  }

  /** Counts multiply-accumulates. */
  void add(long executed) {
    macs += executed;
  }

  /** Allocates, or frees if negative. */
  void hold(long bytes) {
    live.addAndGet(bytes);
  }

  /** Marks the end of an operation. */
  void boundary() {
    peak = Math.max(peak, live.get());
  }

  long live() {
    return live.get();
  }

  long macs() {
    return macs;
  }

  long peak() {
    return peak;
  }
}
