package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.NodeId;
import java.util.ArrayList;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is charged is what crosses, and a slow reader holds only what its window allows. */
@Timeout(60)
class TrafficIT {
  @Test
  void charges_areTheSocketsBytes() throws Exception {
    compare(null, null);
  }

  @Test
  void charges_areTheSocketsBytes_encrypted() throws Exception {
    compare(TlsIT.tls("hub", "ca"), TlsIT.tls("agent", "ca"));
  }

  /** Bytes counted outside, against payload and framing: within 3 %, also of small messages. */
  private static void compare(@Nullable Tls hubTls, @Nullable Tls agentTls) throws Exception {
    var sums = new Sums();
    try (var bench = new Bench(Bench.LIMITS, hubTls);
        var proxy = new CutProxy(bench.server.port())) {
      var hub = bench.hub.open(Bench.key(0), Bench.spool(), sums);
      var agent =
          bench
              .dial("a", proxy.port(), Bench.LIMITS, agentTls)
              .open(Bench.key(0), NodeId.device(0), Bench.spool());
      hub.post(Bench.parcel("hello", 0, 1, 1)).await();
      Bench.body(agent.receive());
      long before = proxy.passed.get();
      long charged = sums.all();
      for (int i = 0; i < 300; i++) {
        agent.post(Bench.parcel("count", 0, 8, i));
        hub.post(Bench.parcel("answer", 10, 100, i));
        Bench.body(hub.receive());
        Bench.body(agent.receive());
      }
      agree(sums.all() - charged, proxy.passed.get() - before);
      for (int i = 0; i < 300; i++) {
        agent.post(Bench.parcel("activation", 40, 20_000, i));
        hub.post(Bench.parcel("gradient", 40, 20_000, i));
        Bench.body(hub.receive());
        Bench.body(agent.receive());
      }
      hub.post(Bench.parcel("weights", 1000, 10_000_000, 1)).await();
      agree(sums.all() - charged, proxy.passed.get() - before);
      assertThat(sums.payload("coordinator>weights", false)).isEqualTo(10_000_000);
    }
  }

  private static void agree(long inside, long outside) {
    assertThat((double) inside / outside).isBetween(0.97, 1.03);
  }

  /** A hub that keeps messages on disk or in memory holds at most a window of frames beside. */
  @Test
  void readerThatTakesNothing_stopsTheSenderAtItsWindow() throws Exception {
    try (var bench = new Bench(Bench.LIMITS)) {
      int window = Bench.LIMITS.window();
      var gates = new ArrayList<GatedSpool>();
      var hubs = new ArrayList<Pipe>();
      var agents = new ArrayList<Pipe>();
      var dial = bench.dial("a");
      for (int i = 0; i < 4; i++) {
        var gate = new GatedSpool();
        gates.add(gate);
        hubs.add(bench.hub.open(Bench.key(i), gate, Tally.NONE));
        agents.add(dial.open(Bench.key(i), NodeId.device(i), Bench.spool()));
        agents.get(i).post(Bench.parcel("update", 0, 12 << 20, i));
      }
      for (int i = 0; i < 4; i++) {
        gates.get(i).awaitFirst();
      }
      // A fifth link of the same connection goes on while the four stand still.
      var free = bench.hub.open(Bench.key(9), Bench.spool(), Tally.NONE);
      var agent = dial.open(Bench.key(9), NodeId.device(9), Bench.spool());
      for (int i = 0; i < 30; i++) {
        agent.post(Bench.parcel("x", 0, 1 << 20, i));
        assertThat(Bench.body(free.receive())).isEqualTo(Bench.body(1 << 20, i));
      }
      for (int i = 0; i < 4; i++) {
        assertThat(hubs.get(i).traffic().payloadReceived()).isLessThanOrEqualTo(window);
        assertThat(agents.get(i).traffic().payloadSent()).isLessThanOrEqualTo(window);
        gates.get(i).open();
      }
      for (int i = 0; i < 4; i++) {
        assertThat(Bench.body(hubs.get(i).receive())).isEqualTo(Bench.body(12 << 20, i));
      }
    }
  }

  /** Messages that nobody receives stay with the sender once the bound is reached. */
  @Test
  void memorySpool_holdsThePeerBackAboveItsBound() throws Exception {
    try (var bench = new Bench(Bench.LIMITS)) {
      var hub = bench.hub.open(Bench.key(0), new MemorySpool(1 << 20), Tally.NONE);
      var agent = bench.dial("a").open(Bench.key(0), NodeId.device(0), Bench.spool());
      agent.post(Bench.parcel("x", 0, 900_000, 0)).await();
      var second = agent.post(Bench.parcel("x", 0, 900_000, 1));
      assertThat(hub.more()).isTrue();
      assertThat(hub.traffic().takenBytes()).isLessThan(1_000_000);
      Bench.body(hub.receive());
      second.await();
      assertThat(Bench.body(hub.receive())).isEqualTo(Bench.body(900_000, 1));
    }
  }
}
