package dev.anabranch.fabrics.grpc.internal;

import io.grpc.Status;
import java.util.EnumSet;
import java.util.Set;

/** How streams end. */
final class Endings {
  private static final Set<Status.Code> PASSING =
      EnumSet.of(
          Status.Code.OK,
          Status.Code.UNAVAILABLE,
          Status.Code.CANCELLED,
          Status.Code.INTERNAL,
          Status.Code.UNKNOWN,
          Status.Code.DATA_LOSS,
          Status.Code.DEADLINE_EXCEEDED);

  private Endings() {}

  /** Whether the stream is dialled again after this. */
  static boolean passing(Status status) {
    return PASSING.contains(status.getCode());
  }

  static String describe(Status status) {
    var text = status.getDescription();
    var cause = status.getCause();
    String more = text != null ? text : cause != null ? String.valueOf(cause.getMessage()) : "";
    return status.getCode() + (more.isEmpty() ? "" : ": " + more);
  }
}
