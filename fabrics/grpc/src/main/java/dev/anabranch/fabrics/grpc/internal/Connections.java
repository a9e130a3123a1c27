package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.server.ServerBuilder;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.micrometer.core.instrument.config.MeterFilter;
import io.netty.handler.ssl.ClientAuth;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** How both sides of the transport set up their connections. */
public final class Connections {
  /** Above the window of a link, so that the link's own flow control is what holds a sender. */
  private static final int STREAM_WINDOW = 8 << 20;

  private static final int CONNECTION_WINDOW = 32 << 20;

  /** A silent connection is asked whether it lives; bytes in either direction answer as well. */
  private static final Duration PING = Duration.ofSeconds(15);

  private Connections() {}

  static ClientFactory factory(@Nullable Tls tls) {
    var builder =
        ClientFactory.builder()
            .idleTimeout(Duration.ofMinutes(1), true)
            .pingInterval(PING)
            .connectTimeout(Duration.ofSeconds(10))
            .http2InitialStreamWindowSize(STREAM_WINDOW)
            .http2InitialConnectionWindowSize(CONNECTION_WINDOW)
            .meterRegistry(noMeters());
    if (tls != null) {
      builder
          .tls(tls.key(), tls.chain())
          .tlsCustomizer(ssl -> ssl.protocols(Tls.VERSION).trustManager(tls.trust()));
    }
    return builder.build();
  }

  /** Nobody reads an agent's meters, and Armeria would register one of them twice. */
  private static MeterRegistry noMeters() {
    var none = new CompositeMeterRegistry();
    none.config().meterFilter(MeterFilter.deny());
    return none;
  }

  /**
   * Sets up a server on which a hub is mounted: windows, keepalive and limits of connections; and,
   * where there is TLS, its version and whom it trusts. Ports and services are the caller's.
   *
   * @param begin how long a new connection may take to shake hands
   * @param everybody whether somebody without a certificate may connect, to other services than the
   *     hub's
   */
  public static ServerBuilder prepare(
      ServerBuilder builder, @Nullable Tls tls, Duration begin, boolean everybody) {
    builder
        .bossGroupFactory(name -> new Acceptor())
        .childChannelPipelineCustomizer(pipeline -> {
          var patience = new Patience(tls != null, begin);
          if (tls == null) {
            pipeline.addFirst(patience);
          } else {
            pipeline.addLast(patience);
          }
        })
        .idleTimeout(Duration.ofMinutes(1), true)
        .pingInterval(PING)
        .http2InitialStreamWindowSize(STREAM_WINDOW)
        .http2InitialConnectionWindowSize(CONNECTION_WINDOW)
        .http2MaxStreamsPerConnection(10_000)
        .http2MaxHeaderListSize(16 << 10);
    if (tls != null) {
      builder
          .tls(tls.key(), tls.chain())
          .tlsCustomizer(ssl ->
              ssl.protocols(Tls.VERSION)
                  .trustManager(tls.trust())
                  .clientAuth(everybody ? ClientAuth.OPTIONAL : ClientAuth.REQUIRE));
    }
    return builder;
  }
}
