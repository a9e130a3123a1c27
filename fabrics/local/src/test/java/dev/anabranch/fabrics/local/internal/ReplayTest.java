package dev.anabranch.fabrics.local.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.NodeId;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.Test;

/** One MAC a second, one byte a second, no latency: times can be read off. */
final class ReplayTest {
  private static final DeviceProfile UNIT = new DeviceProfile("unit", 1, 1, 1, 1, 0, "made up");
  private static final DeviceProfile HOST =
      new DeviceProfile(
          "host", 1, 1, Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY, 0, "made up");
  private static final NodeId D0 = NodeId.device(0);
  private static final NodeId D1 = NodeId.device(1);
  private static final NodeId BODY = NodeId.body(0);
  private static final Offset<Double> EXACT = within(1e-12);

  private static List<Replay.Walk> replay(DeviceProfile device, Trace... traces) {
    return new Replay(index -> device, HOST).run(List.of(traces), 10);
  }

  private static Trace trace(NodeId node, Trace.Event... events) {
    var out = new Trace(node, null);
    for (var event : events) {
      out.add(event);
    }
    return out;
  }

  private static Trace.Transfer message(NodeId from, NodeId to, long bytes) {
    return new Trace.Transfer(from, to, bytes, false);
  }

  private static Trace.Event post(Trace.Transfer t) {
    return new Trace.Event.Post(t);
  }

  private static Trace.Event receive(Trace.Transfer t) {
    return new Trace.Event.Receive(t);
  }

  private static Trace.Event leave(Trace.Transfer t) {
    return new Trace.Event.Leave(t);
  }

  private static Trace.Event compute(long macs) {
    return new Trace.Event.Compute(macs);
  }

  @Test
  void visit_isDownComputeUp() {
    var down = message(NodeId.COORDINATOR, D0, 3);
    var up = message(D0, NodeId.COORDINATOR, 5);
    var walks =
        replay(
            UNIT,
            trace(NodeId.COORDINATOR, post(down), receive(up)),
            trace(D0, receive(down), compute(7), post(up), leave(up)));
    assertThat(walks.get(0).clock).isEqualTo(25, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(25, EXACT);
    assertThat(walks.get(1).compute).isEqualTo(7, EXACT);
    assertThat(walks.get(1).transfer).isEqualTo(8, EXACT);
    assertThat(walks.get(1).wait).isZero();
  }

  @Test
  void uploadBesideWork_takesTheLonger() {
    var first = message(D0, NodeId.COORDINATOR, 4);
    var walks =
        replay(
            UNIT,
            trace(D0, compute(2), post(first), compute(3), leave(first)),
            trace(NodeId.COORDINATOR, receive(first)));
    // Two of work, then four of upload beside three of work.
    assertThat(walks.get(0).clock).isEqualTo(16, EXACT);
    assertThat(walks.get(0).transfer).isEqualTo(1, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(16, EXACT);
  }

  @Test
  void lineIsBusy_whileAMessageIsOnIt() {
    var one = message(D0, NodeId.COORDINATOR, 4);
    var two = message(D0, NodeId.COORDINATOR, 4);
    var walks =
        replay(
            UNIT,
            trace(NodeId.COORDINATOR, receive(one), receive(two)),
            trace(D0, post(one), post(two)));
    assertThat(walks.get(0).clock).isEqualTo(18, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(10, EXACT);
  }

  @Test
  void latency_delaysArrivalButNotTheLine() {
    var late = new DeviceProfile("late", 1, 1, 1, 1, 2, "made up");
    var one = message(D0, NodeId.COORDINATOR, 1);
    var two = message(D0, NodeId.COORDINATOR, 1);
    var walks =
        replay(
            late,
            trace(NodeId.COORDINATOR, receive(one), receive(two)),
            trace(D0, post(one), leave(one), post(two), leave(two)));
    assertThat(walks.get(0).clock).isEqualTo(14, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(12, EXACT);
  }

  @Test
  void body_servesOneAtATimeEarliestFirst() {
    var a = message(D0, BODY, 3);
    var b = message(D1, BODY, 1);
    var walks =
        replay(
            UNIT,
            trace(D0, post(a)),
            trace(BODY, receive(a), compute(5)),
            trace(D1, post(b)),
            trace(BODY, receive(b), compute(5)));
    // The second device's message is there at 11, the first's at 13: it waits until 16.
    assertThat(walks.get(3).clock).isEqualTo(16, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(21, EXACT);
    assertThat(walks.get(1).wait).isEqualTo(3, EXACT);
    assertThat(walks.get(1).compute).isEqualTo(5, EXACT);
  }

  @Test
  void peers_waitForBothLines() {
    var a = message(D0, D1, 2);
    var b = message(D1, D0, 2);
    var walks = replay(UNIT, trace(D0, post(a), receive(b)), trace(D1, post(b), receive(a)));
    // Up and down are two lines, so both travel at once.
    assertThat(walks.get(0).clock).isEqualTo(12, EXACT);
    assertThat(walks.get(1).clock).isEqualTo(12, EXACT);
  }
}
