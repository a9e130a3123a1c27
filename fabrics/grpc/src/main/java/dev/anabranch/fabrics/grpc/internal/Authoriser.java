package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;
import org.jspecify.annotations.Nullable;

/** Decides who may do what at the hub. Called by many threads, must not block for long. */
public interface Authoriser {
  /** Lets everybody in: for tests and for one machine. */
  Authoriser ALL =
      new Authoriser() {
        @Override
        public @Nullable String refuseAttendance(Identity who) {
          return null;
        }

        @Override
        public @Nullable String refuseLink(Identity who, LinkKey key, NodeId end) {
          return null;
        }
      };

  /** Null, or why this agent may not attend, such as that its certificate is revoked. */
  @Nullable String refuseAttendance(Identity who);

  /**
   * Null, or why this agent may not be {@code end} of this link: not its visit, an older attempt, a
   * foreign run.
   */
  @Nullable String refuseLink(Identity who, LinkKey key, NodeId end);
}
