package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.NodeId;
import java.util.concurrent.locks.Condition;
import org.jspecify.annotations.Nullable;

/** A running program and what it waits for. Its fields are guarded by the switchboard's lock. */
final class Program {
  final NodeId node;
  final Trace trace;
  final Condition wake;

  /** Why this program can do nothing more, if it has been cut off. */
  volatile @Nullable String cutOff;

  /** What it does not answer to because it is lost when it sends first. */
  final boolean losesAtFirstSend;

  @Nullable Channel waitsOn;
  String waitsFor = "";

  Program(Trace trace, Condition wake, boolean losesAtFirstSend) {
    this.node = trace.node;
    this.trace = trace;
    this.wake = wake;
    this.losesAtFirstSend = losesAtFirstSend;
  }

  /** {@code device 3}, {@code body 0 for device 3}. */
  String name() {
    return trace.device == null || trace.device.equals(node)
        ? node.toString()
        : node + " for " + trace.device;
  }
}
