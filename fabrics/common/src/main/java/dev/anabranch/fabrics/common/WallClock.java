package dev.anabranch.fabrics.common;

/** Wall time of a run, over all its processes. Immutable. */
public final class WallClock {
  private final double before;
  private final long began = System.nanoTime();

  /**
   * Begins now.
   *
   * @param before seconds of the processes before this one
   */
  WallClock(double before) {
    this.before = before;
  }

  /** Seconds of the run so far. */
  public double seconds() {
    return before + (System.nanoTime() - began) / 1e9;
  }
}
