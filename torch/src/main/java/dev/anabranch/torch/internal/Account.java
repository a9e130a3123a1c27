package dev.anabranch.torch.internal;

/**
 * What a piece of work without values would have done: its multiply-accumulates, and the native
 * bytes that are live at the operation boundaries where {@link Meter} samples them. Guarded by the
 * lock of {@link DryLanes}.
 */
final class Account {
  private volatile long live;
  private long macs;
  private long peak;

  void begin() {
    macs = 0;
    peak = live;
  }

  /** Counts multiply-accumulates. */
  void add(long executed) {
    macs += executed;
  }

  /** Allocates, or frees if negative. */
  void hold(long bytes) {
    live = live + bytes;
  }

  /** Marks the end of an operation. */
  void boundary() {
    peak = Math.max(peak, live);
  }

  long live() {
    return live;
  }

  long macs() {
    return macs;
  }

  long peak() {
    return peak;
  }
}
