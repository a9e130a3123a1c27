package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.NodeId;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a program did, for the virtual clock. Written by the program, read when it has ended. */
final class Trace {
  /**
   * A message on its way; the replay fills in the times. A mark, such as the end of a program, has
   * no bytes.
   */
  static final class Transfer {
    final NodeId from;
    final NodeId to;
    final long bytes;
    final boolean mark;
    boolean posted;
    double begins;
    double leaves;
    double arrives;

    Transfer(NodeId from, NodeId to, long bytes, boolean mark) {
      this.from = from;
      this.to = to;
      this.bytes = bytes;
      this.mark = mark;
    }
  }

  /** One step of a program. */
  sealed interface Event {
    record Compute(long macs) implements Event {}

    record Post(Transfer transfer) implements Event {}

    /** Waits until a message has left. */
    record Leave(Transfer transfer) implements Event {}

    record Receive(Transfer transfer) implements Event {}
  }

  final NodeId node;

  /** Which visit the program belongs to, or null for the coordinator's. */
  final @Nullable NodeId device;

  private final List<Event> events = new ArrayList<>(4);

  Trace(NodeId node, @Nullable NodeId device) {
    this.node = node;
    this.device = device;
  }

  void add(Event event) {
    events.add(event);
  }

  void clear() {
    events.clear();
  }

  List<Event> events() {
    return events;
  }
}
