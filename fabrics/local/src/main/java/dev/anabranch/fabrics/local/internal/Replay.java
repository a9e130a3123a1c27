package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.NodeId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * The virtual clock of one round: a discrete-event replay of what the programs did, in one thread,
 * so that it does not depend on how they really ran. Programs advance in order of time, ties by
 * their order.
 *
 * <p>A device has one line up and one line down, each busy while a message is on it; a message
 * arrives a latency after it has left. Between coordinator and body, and on the body's side of a
 * device's link, nothing queues. The body's host computes one request at a time, in order of
 * asking; the coordinator computes as fast as that host does.
 */
final class Replay {
  private final IntFunction<DeviceProfile> devices;
  private final DeviceProfile body;
  private final Map<NodeId, double[]> lines = new HashMap<>();
  private double bodyFree;

  Replay(IntFunction<DeviceProfile> devices, DeviceProfile body) {
    this.devices = devices;
    this.body = body;
  }

  /** One program's walk through its trace. */
  static final class Walk implements Comparable<Walk> {
    private final Trace trace;
    private final int order;
    private int at;
    double clock;
    double compute;
    double transfer;
    double wait;

    Walk(Trace trace, int order, double start) {
      this.trace = trace;
      this.order = order;
      this.clock = start;
    }

    NodeId node() {
      return trace.node;
    }

    private Trace.@Nullable Event next() {
      return at < trace.events().size() ? trace.events().get(at) : null;
    }

    @Override
    public int compareTo(Walk other) {
      int byClock = Double.compare(clock, other.clock);
      return byClock != 0 ? byClock : Integer.compare(order, other.order);
    }
  }

  /**
   * Replays the traces, all of which start at the same time; gives their walks in the same order.
   */
  List<Walk> run(List<Trace> traces, double start) {
    bodyFree = start;
    var walks = new java.util.ArrayList<Walk>();
    var ready = new PriorityQueue<Walk>();
    for (var trace : traces) {
      var walk = new Walk(trace, walks.size(), start);
      walks.add(walk);
      ready.add(walk);
    }
    var blocked = new HashMap<Trace.Transfer, Walk>();
    while (!ready.isEmpty()) {
      var walk = ready.remove();
      var event = walk.next();
      if (event == null) {
        continue;
      }
      if (event instanceof Trace.Event.Receive r && !r.transfer().posted) {
        blocked.put(r.transfer(), walk);
        continue;
      }
      walk.at++;
      var sent = step(walk, event);
      if (sent != null) {
        var woken = blocked.remove(sent);
        if (woken != null) {
          ready.add(woken);
        }
      }
      ready.add(walk);
    }
    return walks;
  }

  private Trace.@Nullable Transfer step(Walk walk, Trace.Event event) {
    switch (event) {
      case Trace.Event.Compute c -> compute(walk, c.macs());
      case Trace.Event.Post p -> {
        post(p.transfer(), walk.clock);
        return p.transfer();
      }
      case Trace.Event.Leave l -> {
        double until = Math.max(walk.clock, l.transfer().leaves);
        walk.transfer += until - walk.clock;
        walk.clock = until;
      }
      case Trace.Event.Receive r -> {
        var t = r.transfer();
        double until = Math.max(walk.clock, t.arrives);
        double moving = until - Math.max(walk.clock, Math.min(until, t.begins));
        walk.transfer += moving;
        walk.wait += until - walk.clock - moving;
        walk.clock = until;
      }
    }
    return null;
  }

  private void compute(Walk walk, long macs) {
    if (macs == 0) {
      return;
    }
    double asked = walk.clock;
    switch (walk.trace.node.role()) {
      case DEVICE -> walk.clock += macs / devices.apply(walk.trace.node.index()).macsPerSecond();
      case COORDINATOR -> walk.clock += macs / body.macsPerSecond();
      case BODY -> {
        double begins = Math.max(walk.clock, bodyFree);
        walk.wait += begins - walk.clock;
        asked = begins;
        bodyFree = begins + macs / body.macsPerSecond();
        walk.clock = bodyFree;
      }
    }
    walk.compute += walk.clock - asked;
  }

  private void post(Trace.Transfer t, double now) {
    t.posted = true;
    if (t.mark) {
      t.begins = now;
      t.leaves = now;
      t.arrives = now;
      return;
    }
    double rate = Double.POSITIVE_INFINITY;
    double latency = 0;
    double begins = now;
    double[] up = line(t.from);
    double[] down = line(t.to);
    if (t.from.role() != NodeId.Role.COORDINATOR) {
      rate = Math.min(rate, profile(t.from).upBytesPerSecond());
      latency += profile(t.from).latencySeconds();
    }
    if (t.to.role() != NodeId.Role.COORDINATOR) {
      rate = Math.min(rate, profile(t.to).downBytesPerSecond());
      latency += profile(t.to).latencySeconds();
    }
    if (t.from.role() == NodeId.Role.DEVICE) {
      begins = Math.max(begins, up[0]);
    }
    if (t.to.role() == NodeId.Role.DEVICE) {
      begins = Math.max(begins, down[1]);
    }
    double ends = begins + t.bytes / rate;
    up[0] = ends;
    down[1] = ends;
    t.begins = begins;
    // The coordinator's own line is never the narrow one, so it does not wait for a device's.
    t.leaves = t.from.role() == NodeId.Role.COORDINATOR ? now : ends;
    t.arrives = ends + latency;
  }

  /** When the lines of a node are free: up, down. */
  private double[] line(NodeId node) {
    return lines.computeIfAbsent(node, n -> new double[2]);
  }

  private DeviceProfile profile(NodeId node) {
    return node.role() == NodeId.Role.DEVICE ? devices.apply(node.index()) : body;
  }
}
