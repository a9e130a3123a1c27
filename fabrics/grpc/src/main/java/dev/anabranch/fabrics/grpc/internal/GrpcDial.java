package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.linecorp.armeria.client.ClientFactory;
import com.linecorp.armeria.client.grpc.GrpcClients;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.WireException;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.TransportGrpc;
import io.grpc.Channel;
import io.grpc.Status;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** An agent's dial. Thread-safe. */
public final class GrpcDial implements Dial {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcDial.class);

  private final Limits limits;
  private final RandomGenerator random;
  private final ClientFactory factory;
  private final ScheduledExecutorService timer;
  private final Calls calls;
  private final Set<EndPipe> pipes = ConcurrentHashMap.newKeySet();
  private volatile @Nullable Attending attending;
  private volatile boolean closed;

  /**
   * @param agent the name that it gives itself where there is no certificate; expected: letters,
   *     digits, . _ - and blanks, at most 100
   * @param host of the coordinator
   * @param tls null: not encrypted, allowed on the loopback alone
   * @param random draws sessions and the pauses between tries; only from one thread at a time
   */
  public GrpcDial(
      String agent,
      String host,
      int port,
      @Nullable Tls tls,
      Limits limits,
      RandomGenerator random) {
    this.limits = limits;
    this.random = random;
    if (tls == null) {
      Loopback.require("coordinator", host);
    }
    this.factory = Connections.factory(tls);
    this.timer = Timer.start("dial timer");
    String address = host.contains(":") && !host.startsWith("[") ? "[" + host + "]" : host;
    Channel channel =
        GrpcClients.builder("gproto+" + (tls == null ? "h2c" : "h2") + "://" + address + ":" + port)
            .factory(factory)
            .responseTimeout(Duration.ZERO)
            .writeTimeout(Duration.ZERO)
            .maxResponseLength(0)
            .maxRequestMessageLength(FrameReader.MAX_WIRE)
            .maxResponseMessageLength(FrameReader.MAX_WIRE)
            .decompressorRegistry(Methods.PLAIN)
            .build(TransportGrpc.TransportStub.class)
            .getChannel();
    this.calls = new Calls(agent, channel, tls != null, limits, timer, this::draw);
  }

  private synchronized long draw(long bound) {
    return random.nextLong(bound);
  }

  private synchronized ByteString session() {
    byte[] drawn = new byte[16];
    random.nextBytes(drawn);
    return ByteString.copyFrom(drawn);
  }

  @Override
  public Pipe open(LinkKey key, NodeId end, Spool spool) {
    var closing = new Closing();
    var pipe = new EndPipe(key, end, limits, spool, Tally.NONE, timer, up -> {}, closing);
    closing.pipe = pipe;
    pipes.add(pipe);
    if (closed) {
      pipe.lose("the agent is stopping");
      return pipe;
    }
    var hello =
        Hello.newBuilder()
            .setRun(key.run())
            .setRound(key.round())
            .setVisit(key.visit())
            .setAttempt(key.attempt())
            .setFrom(end.toString())
            .setTo(key.other(end).toString())
            .setSession(session());
    calls.keep(pipe.leg(), Methods.DIAL_EXCHANGE, hello, epoch -> {});
    return pipe;
  }

  /** Forgets a pipe that was closed. */
  private final class Closing implements Runnable {
    private @Nullable EndPipe pipe;

    @Override
    public void run() {
      if (pipe != null) {
        pipes.remove(pipe);
      }
    }
  }

  @Override
  public synchronized void attend(OrderListener listener) {
    if (attending != null) {
      throw new IllegalStateException("attend: called twice (expected: once)");
    }
    var started = new Attending(listener);
    attending = started;
    Thread.ofVirtual().name("orders").start(started::run);
  }

  @Override
  public void report(Report report) {
    var to = attending;
    var pipe = to == null ? null : to.pipe;
    if (pipe != null) {
      try {
        pipe.post(Standing.parcel(Standing.REPORT, report));
      } catch (LinkLostException e) {
        LOG.info("report dropped: {}", e.getMessage());
      }
    }
  }

  /** The standing stream, one session after the other. */
  private final class Attending {
    private final OrderListener listener;
    private volatile @Nullable EndPipe pipe;

    Attending(OrderListener listener) {
      this.listener = listener;
    }

    void run() {
      while (!closed) {
        if (!session()) {
          return;
        }
      }
    }

    /** One session, to its end; false if the hub will not have this agent. */
    private boolean session() {
      var mine = new Session();
      pipe = mine.pipe;
      mine.dial();
      try {
        while (mine.pipe.more()) {
          var order = Standing.order(mine.pipe.receive());
          synchronized (listener) {
            listener.ordered(order);
          }
        }
      } catch (LinkLostException e) {
        mine.cut(String.valueOf(e.getMessage()));
      } catch (WireException e) {
        mine.cut(String.valueOf(e.getMessage()));
      } finally {
        mine.pipe.close();
      }
      var refusal = mine.pipe.leg().refusal();
      if (refusal == null || refusal.getCode() == Status.Code.NOT_FOUND) {
        return true;
      }
      synchronized (listener) {
        listener.refused(Endings.describe(refusal));
      }
      return false;
    }

    private final class Session {
      private final EndPipe pipe;
      private boolean fresh = true;

      Session() {
        pipe =
            new EndPipe(
                Standing.KEY,
                NodeId.device(0),
                Standing.limits(limits).withGrace(Duration.ofDays(36500)),
                new MemorySpool(Standing.UNREAD),
                Tally.NONE,
                timer,
                up -> {
                  if (!up) {
                    cut("the connection is gone");
                  }
                },
                () -> {});
      }

      void dial() {
        calls.keep(
            pipe.leg(),
            Methods.DIAL_ATTEND,
            Hello.newBuilder().setSession(GrpcDial.this.session()),
            this::welcomed);
      }

      private void welcomed(ByteString epoch) {
        boolean first = fresh;
        fresh = false;
        synchronized (listener) {
          listener.attending(epoch, first);
        }
      }

      private void cut(String reason) {
        synchronized (listener) {
          if (!closed) {
            listener.cut(reason);
          }
        }
      }
    }
  }

  @Override
  public void close() {
    closed = true;
    var to = attending;
    var pipe = to == null ? null : to.pipe;
    if (pipe != null) {
      pipe.lose("the agent is stopping");
    }
    pipes.forEach(p -> p.lose("the agent is stopping"));
    timer.shutdown();
    factory.close();
  }
}
