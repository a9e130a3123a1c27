package dev.anabranch.fabrics.grpc.internal;

import com.linecorp.armeria.common.RequestContext;
import com.linecorp.armeria.common.grpc.GrpcSerializationFormats;
import com.linecorp.armeria.server.ServiceRequestContext;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.TransportGrpc;
import dev.anabranch.fabrics.grpc.internal.proto.Welcome;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerServiceDefinition;
import io.grpc.Status;
import io.netty.util.AttributeKey;
import java.security.cert.X509Certificate;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Where streams of agents come in: who they are, what they want, and to which leg they belong. */
final class Reception {
  static final int PROTOCOL = 1;
  static final Metadata.Key<String> AGENT =
      Metadata.Key.of("anabranch-agent", Metadata.ASCII_STRING_MARSHALLER);

  private static final Logger LOG = LoggerFactory.getLogger(Reception.class);
  private static final AttributeKey<Stream> STREAM =
      AttributeKey.valueOf(Reception.class, "STREAM");

  private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._ -]{1,100}");
  private static final Pattern CN = Pattern.compile("(?:^|,)CN=([^,+]+)");
  private static final int SESSION = 16;

  private final GrpcHub hub;
  private final Limits limits;
  private final ScheduledExecutorService timer;
  private final Set<Stream> streams = ConcurrentHashMap.newKeySet();

  Reception(GrpcHub hub, Limits limits, ScheduledExecutorService timer) {
    this.hub = hub;
    this.limits = limits;
    this.timer = timer;
  }

  GrpcService service() {
    var definition =
        ServerServiceDefinition.builder(TransportGrpc.SERVICE_NAME)
            .addMethod(Methods.HUB_ATTEND, (call, headers) -> stream(call, headers, true))
            .addMethod(Methods.HUB_EXCHANGE, (call, headers) -> stream(call, headers, false))
            .build();
    return GrpcService.builder()
        .addService(definition)
        .supportedSerializationFormats(GrpcSerializationFormats.PROTO)
        .maxRequestMessageLength(FrameReader.MAX_WIRE)
        .maxResponseMessageLength(FrameReader.MAX_WIRE)
        .decompressorRegistry(Methods.PLAIN)
        .exceptionHandler(Reception::failed)
        .build();
  }

  /**
   * What gRPC itself refuses, such as a frame above the limit, is remembered for the stream's end.
   */
  private static Status failed(
      RequestContext context, Status status, Throwable cause, Metadata metadata) {
    var stream = context.attr(STREAM);
    if (stream != null && stream.failure == null) {
      stream.failure = status;
    }
    return status;
  }

  private ServerCall.Listener<Inbound> stream(
      ServerCall<Inbound, Frame> call, Metadata headers, boolean standing) {
    var context = ServiceRequestContext.current();
    context.clearRequestTimeout();
    context.setMaxRequestLength(0);
    call.sendHeaders(new Metadata());
    var stream = new Stream(context, call, standing);
    streams.add(stream);
    context.setAttr(STREAM, stream);
    try {
      stream.who = identify(context, headers.get(AGENT));
      stream.await();
      call.request(1);
    } catch (SecurityException e) {
      stream.refuse(Status.UNAUTHENTICATED.withDescription(e.getMessage()));
    }
    return stream;
  }

  void expel(String agent, String reason) {
    for (var stream : streams) {
      var who = stream.who;
      if (who != null && who.agent().equals(agent)) {
        stream.expel(reason);
      }
    }
  }

  void close() {
    streams.forEach(s -> s.line.abort(Status.UNAVAILABLE.withDescription("stopping")));
  }

  /** One stream, from its first frame to its end. Belongs to its line's thread. */
  private final class Stream extends ServerCall.Listener<Inbound> {
    private final ServiceRequestContext context;
    private final ServerCall<Inbound, Frame> call;
    private final ServerLine line;
    private final boolean standing;
    private volatile @Nullable Identity who;
    private @Nullable ScheduledFuture<?> hello;
    private volatile @Nullable Leg leg;
    private @Nullable Status failure;

    Stream(ServiceRequestContext context, ServerCall<Inbound, Frame> call, boolean standing) {
      this.context = context;
      this.call = call;
      this.line = new ServerLine(context, call, hub::burst);
      this.standing = standing;
    }

    void await() {
      hello =
          timer.schedule(
              () -> line.execute(this::late), limits.hello().toNanos(), TimeUnit.NANOSECONDS);
    }

    private void late() {
      if (leg == null) {
        refuse(
            Status.DEADLINE_EXCEEDED.withDescription(
                "hello: none within " + limits.hello().toMillis() + " ms (expected: at once)"));
      }
    }

    private void refuse(Status status) {
      LOG.warn("stream of {}: refused: {}", describe(), Endings.describe(status));
      over();
      line.end(status);
    }

    private String describe() {
      return who == null ? String.valueOf(context.remoteAddress()) : who.agent();
    }

    private void over() {
      streams.remove(this);
      if (hello != null) {
        hello.cancel(false);
      }
    }

    void expel(String reason) {
      var to = leg;
      if (to != null) {
        to.lose(reason, Status.PERMISSION_DENIED.withDescription(reason));
      }
      line.abort(Status.PERMISSION_DENIED.withDescription(reason));
    }

    @Override
    public void onMessage(Inbound message) {
      var to = leg;
      if (to != null) {
        to.received(line, message);
      } else if (message instanceof Received frame && frame.hello() != null) {
        welcome(frame.hello());
      } else {
        refuse(
            Status.INVALID_ARGUMENT.withDescription(
                message instanceof Inbound.Malformed bad
                    ? bad.reason()
                    : "frame: without a hello (expected: one first)"));
      }
      call.request(1);
    }

    private void welcome(Hello said) {
      try {
        var name = who;
        var status = name == null ? Status.UNAUTHENTICATED : admit(name, said);
        if (!status.isOk()) {
          refuse(status);
        }
      } catch (IllegalArgumentException e) {
        refuse(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
      }
    }

    private Status admit(Identity name, Hello said) {
      var defect = defect(said);
      if (defect != null) {
        return defect;
      }
      var found = standing ? hub.attendance(name, said) : exchange(name, said);
      var to = found.leg();
      if (to == null) {
        return found.status();
      }
      var refusal = to.attach(line, said.getNext(), said.getWindow());
      if (refusal != null) {
        return refusal;
      }
      leg = to;
      if (hello != null) {
        hello.cancel(false);
      }
      line.send(
          Frame.newBuilder()
              .setWelcome(
                  Welcome.newBuilder()
                      .setProtocol(PROTOCOL)
                      .setEpoch(hub.epoch())
                      .setNext(to.next())
                      .setWindow(hub.window()))
              .build());
      to.wake();
      found.attached().run();
      return Status.OK;
    }

    private GrpcHub.Found exchange(Identity name, Hello said) {
      return hub.link(name, key(said), NodeId.parse(said.getFrom()), said);
    }

    @Override
    public void onReady() {
      var to = leg;
      if (to != null) {
        to.wake();
      }
    }

    @Override
    public void onHalfClose() {
      var to = leg;
      if (to != null && to.complete()) {
        over();
        line.end(Status.OK);
        return;
      }
      gone(Status.UNAVAILABLE.withDescription("the agent closed the stream"));
    }

    @Override
    public void onCancel() {
      var known = failure;
      if (known == null || known.getCode() != Status.Code.RESOURCE_EXHAUSTED) {
        gone(Status.CANCELLED.withDescription("the connection is gone"));
        return;
      }
      LOG.warn("stream of {}: refused: {}", describe(), Endings.describe(known));
      gone(known);
    }

    @Override
    public void onComplete() {
      over();
    }

    private void gone(Status status) {
      over();
      var to = leg;
      if (to != null) {
        to.detached(line, status);
      }
      line.end(status);
    }
  }

  /** Null, or why a hello is none. */
  static @Nullable Status defect(Hello said) {
    if (said.getProtocol() != PROTOCOL) {
      return Status.FAILED_PRECONDITION.withDescription(
          "protocol: %d (expected: %d; use the same release on both sides)"
              .formatted(Integer.toUnsignedLong(said.getProtocol()), PROTOCOL));
    }
    return said.getSession().size() != SESSION || said.getNext() < 1 || said.getWindow() < 1
        ? Status.INVALID_ARGUMENT.withDescription(
            "hello: session, next or window (expected: 16 bytes, >= 1, >= 1)")
        : null;
  }

  /**
   * The link that a hello names.
   *
   * @throws IllegalArgumentException if there cannot be such a link
   */
  static LinkKey key(Hello said) {
    return LinkKey.between(
        said.getRun(),
        said.getRound(),
        said.getVisit(),
        said.getAttempt(),
        NodeId.parse(said.getFrom()),
        NodeId.parse(said.getTo()));
  }

  /** Who has opened this stream; nothing of it has been read yet. */
  private static Identity identify(ServiceRequestContext context, @Nullable String claimed) {
    var session = context.sslSession();
    if (session != null) {
      return identity(session);
    }
    if (!context.remoteAddress().getAddress().isLoopbackAddress()) {
      throw new SecurityException("connection: not encrypted (expected: TLS, but on the loopback)");
    }
    if (claimed == null || !NAME.matcher(claimed).matches()) {
      throw new SecurityException(
          "anabranch-agent: " + claimed + " (expected: a name of 1 to 100 letters, digits, . _ -)");
    }
    return new Identity(claimed, null);
  }

  private static Identity identity(SSLSession session) {
    try {
      var certificate = (X509Certificate) session.getPeerCertificates()[0];
      var name = CN.matcher(certificate.getSubjectX500Principal().getName());
      if (!name.find()) {
        throw new SecurityException(
            "certificate: no CN in its subject (expected: the agent's name)");
      }
      return new Identity(name.group(1), certificate);
    } catch (SSLPeerUnverifiedException e) {
      throw new SecurityException(
          "certificate: none (expected: one that this coordinator has issued; enrol first)", e);
    }
  }
}
