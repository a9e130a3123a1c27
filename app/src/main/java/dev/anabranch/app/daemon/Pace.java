package dev.anabranch.app.daemon;

import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;

/**
 * An owner's limit on how fast a device sends: each message takes its time, one after the other,
 * and time in which nothing was sent is not made up for. Not thread-safe.
 */
final class Pace {
  private final long bytesPerSecond;
  private final InstantSource clock;
  private Instant free = Instant.MIN;

  /**
   * @param bytesPerSecond 0: no limit
   */
  Pace(long bytesPerSecond, InstantSource clock) {
    this.bytesPerSecond = bytesPerSecond;
    this.clock = clock;
  }

  /** For how long a message of so many bytes has to wait from now on. */
  Duration take(long bytes) {
    if (bytesPerSecond == 0) {
      return Duration.ZERO;
    }
    var now = clock.instant();
    var from = free.isAfter(now) ? free : now;
    free =
        from.plusSeconds(bytes / bytesPerSecond)
            .plusNanos((long) (bytes % bytesPerSecond * (1e9 / bytesPerSecond)));
    return Duration.between(now, free);
  }
}
