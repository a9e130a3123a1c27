package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.NodeId;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Who is let in, and under which name. */
@Timeout(60)
class TlsIT {
  private static final Limits LIMITS =
      Bench.LIMITS.withGrace(Duration.ofMillis(400)).withHello(Duration.ofMillis(300));

  private static Path file(String name) {
    try {
      return Path.of(Objects.requireNonNull(TlsIT.class.getResource(name)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static Tls tls(String who, String trust) {
    return Tls.read(file(who + ".key.pem"), file(who + ".pem"), file(trust + ".pem"));
  }

  @Test
  void agents_areKnownByTheirCertificate_orRefused() throws Exception {
    try (var bench = new Bench(LIMITS, tls("hub", "ca"))) {
      var names = new LinkedBlockingQueue<String>();
      bench.hub.authorise(
          new Authoriser() {
            @Override
            public @Nullable String refuseAttendance(Identity who) {
              return null;
            }

            @Override
            public @Nullable String refuseLink(Identity who, LinkKey key, NodeId end) {
              names.add(who.agent());
              return who.certificate() == null ? "no certificate" : null;
            }
          });
      var hub = bench.hub.open(Bench.key(0), Bench.spool(), Tally.NONE);
      int port = bench.server.port();
      var agent =
          bench
              .dial("somebody else", port, LIMITS, tls("agent", "ca"))
              .open(Bench.key(0), NodeId.device(0), Bench.spool());
      hub.post(Bench.parcel("x", 10, 3_000_000, 1));
      assertThat(Bench.body(agent.receive())).isEqualTo(Bench.body(3_000_000, 1));
      assertThat(names).containsExactly("ward 7");

      for (var other :
          List.of(
              tls("foreign", "ca"), // an authority that the hub does not know
              tls("expired", "ca"),
              tls("agent", "other-ca"), // a hub that the agent does not know
              new Tls(tls("agent", "ca").key(), tls("foreign", "ca").chain(), tls("agent", "ca").trust()))) {
        Pipe pipe;
        try {
          pipe = bench.dial("a", port, LIMITS, other).open(Bench.key(0), NodeId.device(0), Bench.spool());
        } catch (IllegalArgumentException e) {
          assertThat(e).hasMessageContaining("key"); // the key is not the certificate's
          continue;
        }
        assertThatThrownBy(pipe::receive).hasMessageContaining("the connection was cut");
      }
      assertThat(names).hasSize(1);
      try (var plain = new Raw(port, "ward 7")) {
        assertThat(plain.ended()).startsWith("UNAVAILABLE");
      }
      try (var slow = new Socket(InetAddress.getLoopbackAddress(), port)) {
        slow.getOutputStream().write(22); // the first byte of a handshake
        assertThat(slow.getInputStream().read()).isEqualTo(-1);
      }
      hub.post(Bench.parcel("x", 10, 100, 2)).await();
    }
  }

  @Test
  void nothingLeavesThisMachineUnencrypted() {
    assertThatThrownBy(
            () -> new GrpcDial("a", "192.0.2.1", 1, null, LIMITS, new Random(1)))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "coordinator: 192.0.2.1 (expected: a loopback address such as 127.0.0.1, or TLS:"
                + " nothing leaves this machine unencrypted)");
    var hub = new GrpcHub(LIMITS, new Random(1));
    assertThatThrownBy(() -> new HubServer(hub, "0.0.0.0", 0, null, LIMITS.hello()))
        .hasMessageStartingWith("listen: 0.0.0.0 (expected: a loopback address");
    hub.close();
  }

  @Test
  void filesThatAreNotKeysOrCertificates_areNamed() {
    assertThatThrownBy(() -> Tls.read(file("ca.pem"), file("ca.pem"), file("ca.pem")))
        .hasMessageStartingWith("key: ")
        .hasMessageContaining("(expected: a PEM file with an EC, RSA or Ed25519 PRIVATE KEY)");
    assertThatThrownBy(
            () -> Tls.read(file("hub.key.pem"), file("hub.key.pem"), file("ca.pem")))
        .hasMessageStartingWith("certificates: ")
        .hasMessageContaining("(expected: a PEM file with CERTIFICATE sections)");
    assertThat(tls("agent", "ca")).hasToString("TLS as CN=ward 7");
  }
}
