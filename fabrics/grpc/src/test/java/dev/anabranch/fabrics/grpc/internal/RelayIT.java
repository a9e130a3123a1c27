package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.NodeId;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Links between two agents, which the coordinator passes on. */
@Timeout(60)
class RelayIT {
  private static final LinkKey KEY =
      LinkKey.between("r1", 0, 2, 0, NodeId.device(2), NodeId.body(0));

  private final Bench bench = new Bench(Bench.LIMITS);

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  @Test
  void messages_crossBothHopsToTheBit_alsoWhenBothAreCut() throws Exception {
    var sums = new Sums();
    try (var relay = bench.hub.relay(KEY, sums);
        var toDevice = new CutProxy(bench.server.port());
        var toBody = new CutProxy(bench.server.port())) {
      var device =
          bench
              .dial("device", toDevice.port(), Bench.LIMITS)
              .open(KEY, NodeId.device(2), Bench.spool());
      var body =
          bench.dial("body", toBody.port(), Bench.LIMITS).open(KEY, NodeId.body(0), Bench.spool());
      var random = new Random(3);
      long sent = 0;
      for (int i = 0; i < 10; i++) {
        toDevice.cutAfter(random.nextInt(1, 900_000));
        toBody.cutAfter(random.nextInt(1, 900_000));
        int size = random.nextInt(600_000);
        sent += size;
        var hidden = device.post(Bench.parcel("hidden", 20, size, i));
        assertThat(Bench.body(body.receive())).isEqualTo(Bench.body(size, i));
        body.post(Bench.parcel("gradient", 20, 1000, -i));
        assertThat(Bench.body(device.receive())).isEqualTo(Bench.body(1000, -i));
        hidden.await();
      }
      device.end(null);
      body.end(null).await();
      assertThat(body.more()).isFalse();
      assertThat(device.more()).isFalse();
      device.close();
      body.close();
      assertThat(sums.payload("device 2>hidden", false)).isEqualTo(sent);
      assertThat(sums.payload("coordinator>hidden", false)).isEqualTo(sent);
      assertThat(sums.messages("device 2>hidden")).isEqualTo(10);
      assertThat(sums.messages("coordinator>hidden")).isEqualTo(10);
      assertThat(sums.messages("body 0>gradient")).isEqualTo(10);
      assertThat(relay.traffic(NodeId.device(2)).payloadReceived()).isEqualTo(sent);
    }
  }

  /** The frames of a receiver that does not read stay with the sender. */
  @Test
  void bodyThatDoesNotRead_holdsTheDeviceBack() {
    var relay = bench.hub.relay(KEY, Tally.NONE);
    var device = bench.dial("device").open(KEY, NodeId.device(2), Bench.spool());
    var gate = new GatedSpool();
    var body = bench.dial("body").open(KEY, NodeId.body(0), gate);
    var sending = device.post(Bench.parcel("hidden", 0, 40 << 20, 1));
    gate.awaitFirst();
    long most = 2L * Bench.LIMITS.window() + (1 << 20);
    assertThat(relay.traffic(NodeId.device(2)).payloadReceived()).isLessThan(most);
    assertThat(device.traffic().payloadSent()).isLessThan(most);
    gate.open();
    sending.await();
    assertThat(Bench.body(body.receive())).isEqualTo(Bench.body(40 << 20, 1));
    relay.close();
    assertThatThrownBy(device::receive).hasMessageContaining("closed");
  }

  @Test
  void endThatIsLost_losesTheOther() {
    try (var relay = bench.hub.relay(KEY, Tally.NONE)) {
      var device = bench.dial("device").open(KEY, NodeId.device(2), Bench.spool());
      var body = bench.dial("body").open(KEY, NodeId.body(0), Bench.spool());
      device.post(Bench.parcel("hidden", 0, 10, 1)).await();
      body.lose("out of memory");
      assertThatThrownBy(device::receive).hasMessageContaining("out of memory");
      assertThat(relay.key()).isEqualTo(KEY);
    }
  }
}
