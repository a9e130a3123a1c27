package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class PipeIT {
  private final Bench bench = new Bench(Bench.LIMITS);

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  @Test
  void messages_crossBothWaysToTheBit_andBothEndWell() {
    var key = Bench.key(3);
    var hub = bench.hub.open(key, Bench.spool(), Tally.NONE);
    var agent = bench.dial("a").open(key, NodeId.device(3), Bench.spool());
    hub.post(Bench.parcel("weights", 30, 3_000_000, 1));
    hub.post(Bench.parcel("empty", 0, 0, 2));
    agent.post(Bench.parcel("update", 300_000, 1_000_001, 3)).await();
    assertThat(Bench.body(agent.receive())).isEqualTo(Bench.body(3_000_000, 1));
    var empty = agent.receive();
    assertThat(empty.topic()).isEqualTo("empty");
    assertThat(empty.codec()).isEqualTo("raw/1");
    assertThat(Bench.body(empty)).isEmpty();
    var update = hub.receive();
    assertThat(update.wire().head().mismatch(Bench.bytes(300_000, 4))).isEqualTo(-1);
    assertThat(Bench.body(update)).isEqualTo(Bench.body(1_000_001, 3));
    agent.end(null).await();
    assertThat(hub.more()).isFalse();
    hub.end(null).await();
    assertThat(agent.more()).isFalse();
    assertThatThrownBy(agent::receive)
        .isInstanceOf(LinkLostException.class)
        .hasMessageContaining("its program ended without sending");
    hub.close();
    agent.close();
  }

  @Test
  void badEnd_isMetByThePeerWithItsReason() {
    var key = Bench.key(0);
    var hub = bench.hub.open(key, Bench.spool(), Tally.NONE);
    var agent = bench.dial("a").open(key, NodeId.device(0), Bench.spool());
    agent.post(Bench.parcel("update", 0, 10, 1));
    agent.end("the device ran out of memory").await();
    assertThat(hub.more()).isTrue();
    assertThat(Bench.body(hub.receive())).isEqualTo(Bench.body(10, 1));
    assertThatThrownBy(hub::more)
        .isInstanceOf(LinkLostException.class)
        .hasMessage("link to device 0: lost (the device ran out of memory)");
  }

  @Test
  void lose_isMetByThePeerWithItsReason() {
    var key = Bench.key(0);
    var hub = bench.hub.open(key, Bench.spool(), Tally.NONE);
    var agent = bench.dial("a").open(key, NodeId.device(0), Bench.spool());
    hub.post(Bench.parcel("x", 0, 10, 1)).await();
    hub.lose("the run was stopped");
    assertThat(Bench.body(agent.receive())).hasSize(10);
    assertThatThrownBy(agent::receive).hasMessageContaining("the run was stopped");

    var other = bench.hub.open(Bench.key(1), Bench.spool(), Tally.NONE);
    var second = bench.dial("b").open(Bench.key(1), NodeId.device(1), Bench.spool());
    other.post(Bench.parcel("x", 0, 10, 1)).await();
    second.lose("the owner said no");
    assertThatThrownBy(other::receive).hasMessageContaining("the owner said no");
  }

  @Test
  void unknownLink_isRefused() {
    var agent = bench.dial("a").open(Bench.key(7), NodeId.device(7), Bench.spool());
    assertThatThrownBy(agent::receive)
        .isInstanceOf(LinkLostException.class)
        .hasMessageContaining("NOT_FOUND")
        .hasMessageContaining("expected: one that is open here");
  }
}
