package dev.anabranch.fabrics.grpc.internal;

/**
 * Seconds during which this process was awake: a process that was stopped for a minute must not
 * think that its agents were silent for one. Thread-safe.
 */
final class AwakeClock {
  private static final double LONGEST_STEP = 3;

  private long last = System.nanoTime();
  private double seconds;

  /** Seconds since this clock was made; to be asked every second at least. */
  synchronized double now() {
    long real = System.nanoTime();
    seconds += Math.min(LONGEST_STEP, (real - last) / 1e9);
    last = real;
    return seconds;
  }
}
