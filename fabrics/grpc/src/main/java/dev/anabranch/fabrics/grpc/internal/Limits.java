package dev.anabranch.fabrics.grpc.internal;

import java.time.Duration;

/**
 * What a transport holds itself and its peers to.
 *
 * @param frame bytes of a message in one frame (expected: 1 to 1 MiB)
 * @param window bytes in flight on one pipe in one direction, sent and not yet acknowledged; what a
 *     receiver may have to hold
 * @param head most bytes of a message's head
 * @param body most bytes of a message's body
 * @param queued bytes posted and not acknowledged above which {@link Pipe#post} waits; one message
 *     is always accepted
 * @param grace how long a pipe outlives its connection
 * @param firstBackoff pause before the second try to connect; doubled up to {@code lastBackoff},
 *     each drawn between half and the whole
 * @param hello how long a new stream may take to say what it is
 */
public record Limits(
    int frame,
    int window,
    int head,
    long body,
    long queued,
    Duration grace,
    Duration firstBackoff,
    Duration lastBackoff,
    Duration hello) {
  /** Most bytes of a message in one frame. */
  public static final int MAX_FRAME = 1 << 20;

  public static final Limits DEFAULT =
      new Limits(
          256 << 10,
          4 << 20,
          16 << 20,
          64L << 30,
          1L << 30,
          Duration.ofMinutes(2),
          Duration.ofMillis(100),
          Duration.ofSeconds(10),
          Duration.ofSeconds(10));

  public Limits {
    if (frame < 1 || frame > MAX_FRAME) {
      throw new IllegalArgumentException("frame: " + frame + " (expected: 1 to " + MAX_FRAME + ")");
    }
    if (window < frame) {
      throw new IllegalArgumentException("window: " + window + " (expected: >= " + frame + ")");
    }
  }

  public Limits withWindow(int value, int frameBytes) {
    return new Limits(
        frameBytes, value, head, body, queued, grace, firstBackoff, lastBackoff, hello);
  }

  public Limits withGrace(Duration value) {
    return new Limits(
        frame, window, head, body, queued, value, firstBackoff, lastBackoff, hello);
  }

  public Limits withHello(Duration value) {
    return new Limits(
        frame, window, head, body, queued, grace, firstBackoff, lastBackoff, value);
  }

  public Limits withBody(long value) {
    return new Limits(
        frame, window, head, value, queued, grace, firstBackoff, lastBackoff, hello);
  }

  public Limits withBackoff(Duration first, Duration last) {
    return new Limits(frame, window, head, body, queued, grace, first, last, hello);
  }
}
