package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an agent must not do is refused by name, and the links of others do not notice. */
@Timeout(60)
class RefusalIT {
  private static final NodeId DEVICE = NodeId.device(3);
  private static final LinkKey KEY = Bench.key(3);

  private final Limits limits =
      Bench.LIMITS.withBody(8 << 20).withHello(Duration.ofMillis(300));
  private final Bench bench = new Bench(limits);
  private Pipe good = bench.hub.open(Bench.key(9), Bench.spool(), Tally.NONE);
  private Pipe agent = bench.dial("good").open(Bench.key(9), NodeId.device(9), Bench.spool());

  @BeforeEach
  void talk() {
    good.post(Bench.parcel("before", 0, 100, 1)).await();
  }

  /** The hub is unharmed: a link that was open goes on. */
  @AfterEach
  void close() throws Exception {
    good.post(Bench.parcel("after", 0, 2_000_000, 2)).await();
    assertThat(agent.receive().topic()).isEqualTo("before");
    assertThat(Bench.body(agent.receive())).isEqualTo(Bench.body(2_000_000, 2));
    bench.close();
  }

  private Raw raw(@Nullable String name) {
    return new Raw(bench.server.port(), name);
  }

  @Test
  void streams_thatDoNotBeginAsTheyShould() throws Exception {
    try (var nobody = raw(null)) {
      assertThat(nobody.ended())
          .isEqualTo(
              "UNAUTHENTICATED: anabranch-agent: null"
                  + " (expected: a name of 1 to 100 letters, digits, . _ -)");
    }
    try (var silent = raw("x")) {
      assertThat(silent.ended())
          .startsWith("DEADLINE_EXCEEDED: hello: none within 300 ms (expected: at once)");
    }
    try (var rude = raw("x").send(Raw.end(1))) {
      assertThat(rude.ended())
          .isEqualTo("INVALID_ARGUMENT: frame: without a hello (expected: one first)");
    }
    try (var garbage = raw("x").send(new byte[] {(byte) 0xff, 1, 2, 3})) {
      assertThat(garbage.ended()).startsWith("INVALID_ARGUMENT: frame: ");
    }
    try (var old = raw("x").send(greeting(Raw.hello(KEY, DEVICE).setProtocol(7)))) {
      assertThat(old.ended())
          .isEqualTo(
              "FAILED_PRECONDITION: protocol: 7"
                  + " (expected: 1; use the same release on both sides)");
    }
    try (var odd = raw("x").send(greeting(Raw.hello(KEY, DEVICE).setFrom("toaster 3")))) {
      assertThat(odd.ended()).startsWith("INVALID_ARGUMENT: node: toaster 3");
    }
    try (var brief = raw("x").send(greeting(Raw.hello(KEY, DEVICE).setSession(ByteString.EMPTY)))) {
      assertThat(brief.ended()).startsWith("INVALID_ARGUMENT: hello: session");
    }
  }

  private static Frame.Builder greeting(
      dev.anabranch.fabrics.grpc.internal.proto.Hello.Builder hello) {
    return Frame.newBuilder().setHello(hello);
  }

  @Test
  void links_thatAreNotTheAgents() {
    try (var foreign = raw("x").send(greeting(Raw.hello(KEY, DEVICE).setRun("other-run")))) {
      assertThat(foreign.ended()).startsWith("NOT_FOUND: link: run other-run, round 0");
    }
    bench.hub.authorise(
        new Authoriser() {
          @Override
          public @Nullable String refuseAttendance(Identity who) {
            return null;
          }

          @Override
          public @Nullable String refuseLink(Identity who, LinkKey key, NodeId end) {
            return "visit of " + end + ": not assigned to " + who.agent();
          }
        });
    try (var thief = raw("thief").send(greeting(Raw.hello(Bench.key(9), NodeId.device(9))))) {
      assertThat(thief.ended())
          .isEqualTo("PERMISSION_DENIED: visit of device 9: not assigned to thief");
    }
    bench.hub.authorise(Authoriser.ALL);
  }

  private void refused(String status, Frame.Builder... frames) throws Exception {
    refused(status, Bench.spool(), frames);
  }

  private int attempt;

  /** Frames after a proper greeting; the last of them is refused. */
  private void refused(String status, Spool spool, Frame.Builder... frames) throws Exception {
    var key = new LinkKey("r1", 0, 3, attempt++, NodeId.COORDINATOR, DEVICE);
    try (var pipe = bench.hub.open(key, spool, Tally.NONE);
        var raw = raw("x").greet(key, DEVICE)) {
      for (var frame : frames) {
        raw.send(frame);
      }
      assertThat(raw.ended()).startsWith(status);
      if (!status.startsWith("DATA_LOSS")) {
        assertThatThrownBy(() -> pipe.end(null).await()).hasMessageContaining("device 3: lost");
      }
    }
  }

  @Test
  void frames_outOfOrderOrDamaged() throws Exception {
    byte[] ten = new byte[10];
    refused(
        "OUT_OF_RANGE: number: 2 (expected: 1)", Raw.frame(2, Raw.opening("x", 0, 10), ten));
    refused(
        "OUT_OF_RANGE: number: 1 (expected: 2)",
        Raw.frame(1, Raw.opening("x", 0, 10), ten),
        Raw.frame(1, Raw.opening("x", 0, 10), ten));
    refused(
        "DATA_LOSS: checksum: of frame 1",
        Raw.frame(1, Raw.opening("x", 0, 10), ten).setChecksum(12));
    refused(
        "OUT_OF_RANGE: acknowledged: 5 (expected: 1 to 1)",
        Frame.newBuilder().setAcknowledged(5));
    refused(
        "INVALID_ARGUMENT: hello: within a stream", greeting(Raw.hello(KEY, DEVICE)));
    refused("INVALID_ARGUMENT: opening: none", Raw.frame(1, null, ten));
    refused(
        "INVALID_ARGUMENT: data: 10 bytes (expected: at most 9, as declared)",
        Raw.frame(1, Raw.opening("x", 4, 5), ten));
    refused(
        "INVALID_ARGUMENT: data: none",
        Raw.frame(1, Raw.opening("x", 4, 5), new byte[0]));
    refused(
        "INVALID_ARGUMENT: opening: within a message",
        Raw.frame(1, Raw.opening("x", 0, 100), ten),
        Raw.frame(2, Raw.opening("x", 0, 100), ten));
    refused(
        "INVALID_ARGUMENT: end: within a message",
        Raw.frame(1, Raw.opening("x", 0, 100), ten),
        Raw.end(2));
    refused(
        "INVALID_ARGUMENT: frame: after the end",
        Raw.end(1),
        Raw.frame(2, Raw.opening("x", 0, 10), ten));
    refused(
        "INVALID_ARGUMENT: number: none",
        Frame.newBuilder().setData(ByteString.copyFrom(ten)));
  }

  @Test
  void sizes_aboveTheLimits() throws Exception {
    byte[] ten = new byte[10];
    refused(
        "RESOURCE_EXHAUSTED: message body: 8388609 bytes (expected: at most 8388608)",
        Raw.frame(1, Raw.opening("x", 0, (8 << 20) + 1), ten));
    refused(
        "RESOURCE_EXHAUSTED: message body: 18446744073709551615 bytes",
        Raw.frame(1, Raw.opening("x", 0, -1), ten));
    refused(
        "RESOURCE_EXHAUSTED: message head: 16777217 bytes",
        Raw.frame(1, Raw.opening("x", (16 << 20) + 1, 0), ten));
    refused(
        "RESOURCE_EXHAUSTED: name", Raw.frame(1, Raw.opening("x".repeat(300), 0, 10), ten));
    refused(
        "RESOURCE_EXHAUSTED", Raw.frame(1, Raw.opening("x", 0, 4 << 20), new byte[2 << 20]));
    var frames = new Frame.Builder[6];
    byte[] most = new byte[1 << 20];
    for (int i = 0; i < frames.length; i++) {
      frames[i] = Raw.frame(i + 1, i == 0 ? Raw.opening("x", 0, 8 << 20) : null, most);
    }
    refused("RESOURCE_EXHAUSTED: window: ", new GatedSpool(), frames);
  }

  @Test
  void garbageOnThePort_andAConnectionThatSaysNothing_areClosed() throws Exception {
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), bench.server.port())) {
      byte[] garbage = new byte[4096];
      new Random(1).nextBytes(garbage);
      socket.getOutputStream().write(garbage);
      assertThat(socket.getInputStream().readAllBytes()).hasSizeLessThan(4096);
    }
    try (var socket = new Socket(InetAddress.getLoopbackAddress(), bench.server.port())) {
      socket.getOutputStream().write('P');
      assertThat(socket.getInputStream().read()).isEqualTo(-1);
    }
  }
}
