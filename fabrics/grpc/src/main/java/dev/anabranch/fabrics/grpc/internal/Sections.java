package dev.anabranch.fabrics.grpc.internal;

import io.grpc.Status;
import org.jspecify.annotations.Nullable;

/**
 * Follows the messages in a sequence of frames: where one begins, how much of it is missing. Not
 * thread-safe.
 */
final class Sections {
  /** Most bytes of a topic's or codec's name. */
  private static final int MAX_NAME = 255;

  private final Limits limits;
  private boolean within;
  private boolean ended;
  private String topic = "";
  private long head;
  private long body;

  /**
   * What a frame brings.
   *
   * @param head bytes of the message's head
   * @param body bytes of its body
   * @param last whether the message is complete with it
   */
  record Part(String topic, int head, int body, boolean last) {}

  Sections(Limits limits) {
    this.limits = limits;
  }

  boolean ended() {
    return ended;
  }

  /** Null, or why this frame cannot come next. Changes nothing. */
  @Nullable Status refuse(Received frame) {
    var opening = frame.opening();
    if (ended) {
      return Status.INVALID_ARGUMENT.withDescription("frame: after the end (expected: none)");
    }
    if (frame.end() != null) {
      return within || opening != null || frame.length() > 0
          ? Status.INVALID_ARGUMENT.withDescription("end: within a message (expected: after it)")
          : null;
    }
    if (within != (opening == null)) {
      return Status.INVALID_ARGUMENT.withDescription(
          within
              ? "opening: within a message (expected: after it)"
              : "opening: none (expected: at the beginning of a message)");
    }
    long headLeft = head;
    long bodyLeft = body;
    if (opening != null) {
      var refusal =
          opening.getTopicBytes().size() > MAX_NAME || opening.getCodecBytes().size() > MAX_NAME
              ? tooMuch("name", MAX_NAME + 1L, MAX_NAME)
              : within(opening.getHeadBytes(), opening.getBodyBytes());
      if (refusal != null) {
        return refusal;
      }
      headLeft = opening.getHeadBytes();
      bodyLeft = opening.getBodyBytes();
    }
    long left = headLeft + bodyLeft;
    if (frame.length() > left) {
      return Status.INVALID_ARGUMENT.withDescription(
          "data: %d bytes (expected: at most %d, as declared)".formatted(frame.length(), left));
    }
    return frame.length() == 0 && left > 0
        ? Status.INVALID_ARGUMENT.withDescription(
            "data: none (expected: of a message's next bytes)")
        : null;
  }

  private @Nullable Status within(long headBytes, long bodyBytes) {
    if (headBytes < 0 || headBytes > limits.head()) {
      return tooMuch("message head", headBytes, limits.head());
    }
    return bodyBytes < 0 || bodyBytes > limits.body()
        ? tooMuch("message body", bodyBytes, limits.body())
        : null;
  }

  private static Status tooMuch(String what, long bytes, long most) {
    return Status.RESOURCE_EXHAUSTED.withDescription(
        "%s: %s bytes (expected: at most %d)".formatted(what, Long.toUnsignedString(bytes), most));
  }

  /** The next frame, which {@link #refuse} has let pass. */
  Part next(Received frame) {
    if (frame.end() != null) {
      ended = true;
      return new Part("", 0, 0, false);
    }
    var opening = frame.opening();
    if (opening != null) {
      topic = opening.getTopic();
      head = opening.getHeadBytes();
      body = opening.getBodyBytes();
    }
    int ofHead = (int) Math.min(head, frame.length());
    int ofBody = frame.length() - ofHead;
    head -= ofHead;
    body -= ofBody;
    within = head + body > 0;
    return new Part(topic, ofHead, ofBody, !within);
  }
}
