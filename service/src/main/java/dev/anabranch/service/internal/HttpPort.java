package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpHeaderNames;
import com.linecorp.armeria.common.HttpStatus;
import com.linecorp.armeria.common.SessionProtocol;
import com.linecorp.armeria.server.HttpService;
import com.linecorp.armeria.server.Route;
import com.linecorp.armeria.server.Server;
import com.linecorp.armeria.server.ServerBuilder;
import com.linecorp.armeria.server.ServerErrorHandler;
import com.linecorp.armeria.server.ServiceBindingBuilder;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.file.FileService;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import io.netty.handler.ssl.ClientAuth;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The one port: HTTP API, pages and gRPC, over TLS 1.3. Thread-safe; closing twice is allowed. */
final class HttpPort implements AutoCloseable {
  private static final int CONNECTIONS = 20_000;
  private static final Duration REQUEST = Duration.ofSeconds(20);
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String POLICY =
      "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; object-src"
          + " 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";

  private final Server server;

  private HttpPort(Server server) {
    this.server = server;
  }

  /**
   * What the port speaks with.
   *
   * @param refused told of certificates of other authorities
   */
  record Tls(Authority.Issued own, X509Certificate authority, Consumer<String> refused) {}

  /**
   * Opens the port.
   *
   * @param tls null: unencrypted
   * @param others mounts what else is served there
   */
  static HttpPort open(
      InetSocketAddress at,
      @Nullable Tls tls,
      List<Endpoint> endpoints,
      Gate gate,
      Metrics metrics,
      Consumer<ServerBuilder> others) {
    return open(at, tls, endpoints, gate, metrics, others, PATIENCE);
  }

  static HttpPort open(
      InetSocketAddress at,
      @Nullable Tls tls,
      List<Endpoint> endpoints,
      Gate gate,
      Metrics metrics,
      Consumer<ServerBuilder> others,
      Duration patience) {
    var builder = Server.builder();
    limits(builder, metrics, patience);
    if (tls == null) {
      builder.port(at, SessionProtocol.HTTP);
    } else {
      builder.port(at, SessionProtocol.HTTPS);
      secure(builder, tls);
    }
    for (var endpoint : endpoints) {
      builder
          .route()
          .methods(endpoint.method())
          .path(endpoint.path())
          .maxRequestLength(endpoint.limit())
          .requestTimeout(REQUEST)
          .build(counted(endpoint, gate.guard(endpoint), metrics));
    }
    small(builder, "/api/").build((context, request) -> Problem.of(HttpStatus.NOT_FOUND));
    small(builder, "/")
        .build(
            FileService.builder(HttpPort.class.getClassLoader(), "dev/anabranch/service/board")
                .build());
    others.accept(builder);
    builder.errorHandler(errors().orElse(ServerErrorHandler.ofDefault()));
    builder.decorator(Route.ofCatchAll(), HttpPort::hardened);
    return start(builder.build(), at);
  }

  private static void limits(ServerBuilder builder, Metrics metrics, Duration patience) {
    builder
        .maxNumConnections(CONNECTIONS)
        .idleTimeout(Duration.ofSeconds(60))
        .requestTimeout(Duration.ZERO) // links of agents last; what is served over HTTP says less
        .maxRequestLength(0)
        .http1MaxInitialLineLength(4 << 10)
        .http1MaxHeaderSize(16 << 10)
        .http2MaxHeaderListSize(16 << 10)
        .http2MaxResetFramesPerWindow(400, 60)
        .gracefulShutdownTimeout(Duration.ZERO, Duration.ZERO)
        .disableServerHeader()
        .meterRegistry(metrics.registry())
        .childChannelPipelineCustomizer(pipeline -> pipeline.addFirst(new SlowPeerGuard(patience)));
  }

  private static void secure(ServerBuilder builder, Tls tls) {
    builder
        .tls(tls.own().key(), tls.own().certificate(), tls.authority())
        .tlsCustomizer(context ->
            context
                .protocols("TLSv1.3")
                .clientAuth(ClientAuth.OPTIONAL)
                .trustManager(new AgentTrust(tls.authority(), tls.refused())));
  }

  private static ServiceBindingBuilder small(ServerBuilder builder, String prefix) {
    return builder.route().pathPrefix(prefix).requestTimeout(REQUEST).maxRequestLength(1 << 10);
  }

  private static HttpService counted(Endpoint endpoint, HttpService service, Metrics metrics) {
    return (context, request) -> {
      context
          .log()
          .whenAvailable(com.linecorp.armeria.common.logging.RequestLogProperty.RESPONSE_HEADERS)
          .thenAccept(log ->
              metrics.answered(
                  endpoint.method().name(),
                  endpoint.path(),
                  log.responseHeaders().status().code()));
      return service.serve(context, request);
    };
  }

  private static com.linecorp.armeria.common.HttpResponse hardened(
      HttpService service,
      ServiceRequestContext context,
      com.linecorp.armeria.common.HttpRequest request)
      throws Exception {
    if (!String.valueOf(request.contentType()).startsWith("application/grpc")) {
      context.mutateAdditionalResponseHeaders(headers -> {
        headers.set("content-security-policy", POLICY);
        headers.set("x-content-type-options", "nosniff");
        headers.set("referrer-policy", "no-referrer");
        if (context.path().startsWith("/api/")) {
          headers.set(HttpHeaderNames.CACHE_CONTROL, "no-store");
        }
      });
    }
    return service.serve(context, request);
  }

  private static ServerErrorHandler errors() {
    return new ServerErrorHandler() {
      @Override
      public com.linecorp.armeria.common.@Nullable HttpResponse onServiceException(
          ServiceRequestContext context, Throwable cause) {
        return grpc(context) ? null : Problem.answer(cause);
      }

      @Override
      public com.linecorp.armeria.common.@Nullable AggregatedHttpResponse renderStatus(
          @Nullable ServiceRequestContext context,
          com.linecorp.armeria.server.ServiceConfig config,
          com.linecorp.armeria.common.@Nullable RequestHeaders headers,
          HttpStatus status,
          @Nullable String description,
          @Nullable Throwable cause) {
        return headers != null
                && String.valueOf(headers.contentType()).startsWith("application/grpc")
            ? null
            : Problem.of(status).aggregate().join();
      }
    };
  }

  private static boolean grpc(ServiceRequestContext context) {
    return String.valueOf(context.request().contentType()).startsWith("application/grpc");
  }

  private static HttpPort start(Server server, InetSocketAddress at) {
    try {
      server.start().join();
      return new HttpPort(server);
    } catch (CompletionException e) {
      for (Throwable cause = e; cause != null; cause = cause.getCause()) {
        if (cause instanceof BindException
            || cause instanceof SocketException
            || cause.getClass().getSimpleName().equals("NativeIoException")) {
          throw new AnabranchException(
              Failure.IN_USE,
              "port: "
                  + at.getPort()
                  + " of "
                  + at.getHostString()
                  + ": "
                  + cause.getMessage()
                  + " (expected: a free port of this machine; end what listens there, or choose"
                  + " another with --port)",
              e);
        }
      }
      throw e;
    }
  }

  /** The port that it listens on. */
  int number() {
    return server.activeLocalPort();
  }

  /** Everything that it answers to. */
  List<Route> routes() {
    return server.serviceConfigs().stream().map(config -> config.route()).toList();
  }

  @Override
  public void close() {
    server.stop().join();
  }
}
