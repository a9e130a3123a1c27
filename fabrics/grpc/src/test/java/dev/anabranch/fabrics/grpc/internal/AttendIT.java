package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The standing stream: orders down, reports up. */
@Timeout(60)
class AttendIT {
  private final Bench bench = new Bench(Bench.LIMITS);
  private final BlockingQueue<String> atHub = new LinkedBlockingQueue<>();
  private final BlockingQueue<String> atAgent = new LinkedBlockingQueue<>();

  AttendIT() {
    bench.hub.listen(new Heard());
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  private final class Heard implements Hub.AgentListener {
    @Override
    public void attends(Identity who, boolean fresh) {
      atHub.add(who.agent() + " attends " + fresh);
    }

    @Override
    public void gone(String agent, String reason) {
      atHub.add(agent + " gone: " + reason);
    }

    @Override
    public void reported(String agent, Report report) {
      atHub.add(agent + " reports " + text(report.toByteString()));
    }
  }

  private final class Told implements Dial.OrderListener {
    @Override
    public void attending(ByteString epoch, boolean fresh) {
      atAgent.add("attending " + fresh);
    }

    @Override
    public void ordered(Order order) {
      atAgent.add("order " + text(order.toByteString()));
    }

    @Override
    public void cut(String reason) {
      // Cuts come when they come.
    }

    @Override
    public void refused(String reason) {
      atAgent.add("refused " + reason);
    }
  }

  /** Orders and reports are opaque here: a number in a field that nobody knows. */
  private static String text(ByteString bytes) {
    return String.valueOf(bytes.byteAt(bytes.size() - 1));
  }

  private static byte[] number(int i) {
    return new byte[] {(byte) 0xf8, 0x3f, (byte) i}; // field 1023, varint
  }

  private static Order order(int i) throws Exception {
    return Order.parseFrom(number(i));
  }

  private static Report report(int i) throws Exception {
    return Report.parseFrom(number(i));
  }

  private static @Nullable String next(BlockingQueue<String> queue) throws InterruptedException {
    return queue.take();
  }

  @Test
  void ordersAndReports_arriveOnceAndInOrder_acrossCuts() throws Exception {
    try (var proxy = new CutProxy(bench.server.port())) {
      var dial = bench.dial("ward-7", proxy.port(), Bench.LIMITS);
      assertThat(bench.hub.tell("ward-7", order(1))).isFalse();
      dial.attend(new Told());
      assertThat(next(atHub)).isEqualTo("ward-7 attends true");
      assertThat(next(atAgent)).isEqualTo("attending true");
      for (int i = 1; i <= 40; i++) {
        assertThat(bench.hub.tell("ward-7", order(i))).isTrue();
        dial.report(report(i));
        if (i % 13 == 0) {
          proxy.cut();
        }
      }
      for (int i = 1; i <= 40; ) {
        var heard = next(atAgent);
        if (!"attending false".equals(heard)) {
          assertThat(heard).isEqualTo("order " + i++);
        }
      }
      for (int i = 1; i <= 40; ) {
        var heard = next(atHub);
        if (!"ward-7 attends false".equals(heard)) {
          assertThat(heard).isEqualTo("ward-7 reports " + i++);
        }
      }
      assertThat(bench.hub.attending()).containsExactly("ward-7");
      dial.close();
      var gone = next(atHub);
      while ("ward-7 attends false".equals(gone)) {
        gone = next(atHub);
      }
      assertThat(gone).contains("ward-7 gone: ").contains("the agent is stopping");
    }
  }

  @Test
  void coordinatorStartedAnew_isSeenAsSuch() throws Exception {
    var old = new GrpcHub(Bench.LIMITS, new Random(7));
    old.listen(new Heard());
    var server = new HubServer(old, "127.0.0.1", 0, null, Bench.LIMITS.hello());
    int port = server.port();
    var dial = bench.dial("b", port, Bench.LIMITS);
    dial.attend(new Told());
    assertThat(next(atAgent)).isEqualTo("attending true");
    assertThat(next(atHub)).isEqualTo("b attends true");
    old.close();
    server.close();
    var young = new GrpcHub(Bench.LIMITS, new Random(8));
    young.listen(new Heard());
    try (var again = new HubServer(young, "127.0.0.1", port, null, Bench.LIMITS.hello())) {
      assertThat(next(atAgent)).isEqualTo("attending true");
      assertThat(again.port()).isEqualTo(port);
    } finally {
      young.close();
    }
  }

  @Test
  void agentThatStaysAway_isGone_andComesBackFresh() throws Exception {
    var limits = Bench.LIMITS.withGrace(Duration.ofMillis(50));
    try (var brief = new Bench(limits);
        var proxy = new CutProxy(brief.server.port())) {
      brief.hub.listen(new Heard());
      int port = proxy.port();
      var dial = brief.dial("c", port, Bench.LIMITS);
      dial.attend(new Told());
      assertThat(next(atHub)).isEqualTo("c attends true");
      assertThat(next(atAgent)).isEqualTo("attending true");
      proxy.close();
      assertThat(next(atHub)).startsWith("c gone: ").contains("the connection was cut");
      try (var back = new CutProxy(brief.server.port(), port)) {
        assertThat(next(atHub)).isEqualTo("c attends true");
        assertThat(next(atAgent)).isEqualTo("attending true");
        assertThat(back.port()).isEqualTo(port);
      }
    }
  }

  @Test
  void newerAgentOfTheSameName_takesOver_andExpelledOne_isRefused() throws Exception {
    bench.dial("d").attend(new Told());
    assertThat(next(atHub)).isEqualTo("d attends true");
    assertThat(next(atAgent)).isEqualTo("attending true");
    bench.dial("d").attend(new Told());
    assertThat(next(atHub)).isEqualTo("d attends true");
    assertThat(new String[] {next(atAgent), next(atAgent)})
        .containsExactlyInAnyOrder(
            "attending true", "refused ABORTED: the agent has been started anew");
    bench.hub.expel("d", "revoked by ward staff");
    assertThat(next(atAgent)).isEqualTo("refused PERMISSION_DENIED: revoked by ward staff");
    assertThat(next(atHub)).contains("d gone: ").contains("revoked by ward staff");
  }
}
