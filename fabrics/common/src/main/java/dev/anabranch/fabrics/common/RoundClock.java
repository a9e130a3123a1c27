package dev.anabranch.fabrics.common;

/**
 * The round that the coordinator is in. Turned by the coordinator's program alone; any thread may
 * look.
 */
public final class RoundClock {
  private volatile int now = -1;

  /** The round; −1 before the first. */
  public int now() {
    return now;
  }

  void turn(int round) {
    now = round;
  }
}
