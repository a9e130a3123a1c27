package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.server.Server;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A server with nothing but a hub on it. Thread-safe. */
public final class HubServer implements AutoCloseable {
  private final Server server;

  /**
   * Listens when this returns.
   *
   * @param host address to listen on; without TLS a loopback address
   * @param port 0: any that is free
   * @param begin how long a new connection may take to shake hands
   */
  public HubServer(Hub hub, String host, int port, @Nullable Tls tls, Duration begin) {
    if (tls == null) {
      Loopback.require("listen", host);
    }
    var address = new InetSocketAddress(host, port);
    var builder = Connections.prepare(Server.builder(), tls, begin, false).service(hub.service());
    server = (tls == null ? builder.http(address) : builder.https(address)).build();
    server.start().join();
  }

  public int port() {
    return server.activeLocalPort();
  }

  /** Begins to stop; done when everything it held is free. */
  CompletableFuture<Void> stop() {
    return server.stop();
  }

  @Override
  public void close() {
    stop().join();
  }
}
