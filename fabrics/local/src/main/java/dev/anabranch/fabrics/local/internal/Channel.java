package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Parcel;
import java.util.ArrayDeque;
import org.jspecify.annotations.Nullable;

/**
 * One direction of a link: messages in order, then perhaps its end. Guarded by the switchboard's
 * lock.
 */
final class Channel {
  /** A message. */
  record Message(Parcel parcel, boolean shared, Trace.Transfer transfer) {}

  /** The end of a channel: its writer has ended well, or is lost for a reason. */
  record End(boolean lost, String reason, Trace.Transfer transfer) {}

  final NodeId from;
  final NodeId to;
  final ArrayDeque<Message> messages = new ArrayDeque<>(2);
  @Nullable End end;
  @Nullable Program reader;

  Channel(NodeId from, NodeId to) {
    this.from = from;
    this.to = to;
  }

  boolean idle() {
    return messages.isEmpty() && end == null;
  }
}
