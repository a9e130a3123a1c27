package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import java.io.IOException;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a cut line does to links: nothing, inside the grace period. */
@Timeout(60)
class CutIT {
  private final Bench bench = new Bench(Bench.LIMITS);
  private final CutProxy proxy;

  CutIT() throws IOException {
    proxy = new CutProxy(bench.server.port());
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
    proxy.close();
  }

  @Test
  void cuts_loseNothingAndDoubleNothing() {
    var key = Bench.key(3);
    var tally = new Sums();
    var hub = bench.hub.open(key, Bench.spool(), tally);
    var agent =
        bench.dial("a", proxy.port(), Bench.LIMITS).open(key, NodeId.device(3), Bench.spool());
    var random = new Random(5);
    proxy.cutAfter(1000);
    for (int i = 0; i < 12; i++) {
      var down = hub.post(Bench.parcel("down", 10, 700_000 + i, i));
      var up = agent.post(Bench.parcel("up", 10, 600_000 + i, 100 + i));
      assertThat(Bench.body(agent.receive())).isEqualTo(Bench.body(700_000 + i, i));
      assertThat(Bench.body(hub.receive())).isEqualTo(Bench.body(600_000 + i, 100 + i));
      proxy.cutAfter(random.nextInt(1, 1_500_000));
      down.await();
      up.await();
    }
    proxy.cut();
    hub.end(null);
    agent.end(null).await();
    assertThat(agent.more()).isFalse();
    assertThat(hub.more()).isFalse();
    hub.close();
    agent.close();
    assertThat(proxy.cuts.get()).isGreaterThan(5);
    long once = 0;
    for (int i = 0; i < 12; i++) {
      once += 700_000 + i;
    }
    assertThat(tally.payload("coordinator>down", false)).isEqualTo(once);
    assertThat(tally.messages("coordinator>down")).isEqualTo(12);
    assertThat(tally.messages("device 3>up")).isEqualTo(12);
    assertThat(hub.traffic().acknowledgedBytes()).isGreaterThan(once);
  }

  @Test
  void cutLongerThanTheGracePeriod_losesTheLinkAndSaysSo() throws Exception {
    var limits = Bench.LIMITS.withGrace(Duration.ofMillis(50));
    try (var brief = new Bench(limits);
        var line = new CutProxy(brief.server.port())) {
      var key = Bench.key(0);
      var hub = brief.hub.open(key, Bench.spool(), Tally.NONE);
      var agent = brief.dial("a", line.port(), limits).open(key, NodeId.device(0), Bench.spool());
      hub.post(Bench.parcel("x", 0, 1, 1)).await();
      line.close();
      assertThatThrownBy(hub::receive)
          .isInstanceOf(LinkLostException.class)
          .hasMessageContaining("the connection was cut and not back within 50 ms");
      assertThat(agent.more()).isTrue();
      Bench.body(agent.receive());
      assertThatThrownBy(agent::receive)
          .hasMessageContaining("the connection was cut and not back within 50 ms");
    }
  }

  @Test
  void agentThatIsStartedAnew_losesTheOldLinkAndMustNotHaveIt() {
    var key = Bench.key(1);
    var hub = bench.hub.open(key, Bench.spool(), Tally.NONE);
    var first = bench.dial("a").open(key, NodeId.device(1), Bench.spool());
    first.post(Bench.parcel("x", 0, 1, 1)).await();
    var second = bench.dial("a").open(key, NodeId.device(1), Bench.spool());
    assertThatThrownBy(second::receive).hasMessageContaining("this attempt is over");
    assertThat(hub.more()).isTrue();
    Bench.body(hub.receive());
    assertThatThrownBy(hub::receive).hasMessageContaining("device 1 has been started anew");
    assertThatThrownBy(first::receive).hasMessageContaining("device 1 has been started anew");
  }

  @Test
  void hubThatIsStartedAnew_doesNotKnowTheLink() throws Exception {
    var key = Bench.key(0);
    try (var old = new Bench(Bench.LIMITS)) {
      var hub = old.hub.open(key, Bench.spool(), Tally.NONE);
      var agent =
          old.dial("a", old.server.port(), Bench.LIMITS)
              .open(key, NodeId.device(0), Bench.spool());
      hub.post(Bench.parcel("x", 0, 1, 1)).await();
      Bench.body(agent.receive());
      int port = old.server.port();
      old.hub.close();
      old.server.close();
      var hubAgain = new GrpcHub(Bench.LIMITS, new Random(2));
      try (var server = new HubServer(hubAgain, "127.0.0.1", port, null, Bench.LIMITS.hello())) {
        assertThatThrownBy(agent::receive).hasMessageContaining("NOT_FOUND");
        assertThat(server.port()).isEqualTo(port);
      } finally {
        hubAgain.close();
      }
    }
  }
}
