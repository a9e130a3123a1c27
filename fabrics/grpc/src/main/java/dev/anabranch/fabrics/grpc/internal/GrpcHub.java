package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.WireException;
import dev.anabranch.fabrics.grpc.internal.proto.Hello;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import io.grpc.Status;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The hub, as gRPC services. Thread-safe. */
public final class GrpcHub implements Hub {
  private static final Logger LOG = LoggerFactory.getLogger(GrpcHub.class);

  /** Bytes that all links together may have on their way in, and on their way out. */
  private static final int COMING = 64 << 20;

  private static final int GOING = 32 << 20;

  private final Limits limits;
  private final ByteString epoch;
  private final ScheduledExecutorService timer;
  private final Reception reception;
  private final ConcurrentHashMap<LinkKey, Passage> links = new ConcurrentHashMap<>();
  private final ConcurrentHashMap<String, Attendance> attendances = new ConcurrentHashMap<>();
  private volatile Authoriser authoriser = Authoriser.ALL;
  private volatile @Nullable AgentListener listener;

  /** A link that is open here: one leg, or one for each end. */
  interface Passage {
    /** The leg to this end; null if this end is not an agent's. */
    @Nullable Leg leg(NodeId end);

    void lose(String reason, Status told);
  }

  /**
   * @param random draws the epoch; not seeded by a plan, or two starts would look alike
   */
  public GrpcHub(Limits limits, RandomGenerator random) {
    this.limits = limits;
    byte[] drawn = new byte[16];
    random.nextBytes(drawn);
    this.epoch = ByteString.copyFrom(drawn);
    this.timer = Timer.start("hub timer");
    this.reception = new Reception(this, limits, timer);
  }

  @Override
  public GrpcService service() {
    return reception.service();
  }

  @Override
  public ByteString epoch() {
    return epoch;
  }

  @Override
  public void authorise(Authoriser value) {
    authoriser = value;
  }

  @Override
  public void listen(AgentListener value) {
    listener = value;
  }

  @Override
  public Pipe open(LinkKey key, Spool spool, Tally tally) {
    var pipe =
        new EndPipe(key, key.a(), limits, spool, tally, timer, up -> {}, () -> forgetLater(key));
    put(
        key,
        new Passage() {
          @Override
          public @Nullable Leg leg(NodeId end) {
            return end.equals(key.b()) ? pipe.leg() : null;
          }

          @Override
          public void lose(String reason, Status told) {
            pipe.leg().lose(reason, told);
          }
        });
    return pipe;
  }

  @Override
  public Relay relay(LinkKey key, Tally tally) {
    var relay = new HubRelay(key, limits, tally, timer, () -> forgetLater(key));
    put(key, relay);
    return relay;
  }

  private void put(LinkKey key, Passage passage) {
    if (links.putIfAbsent(key, passage) != null) {
      throw new IllegalStateException("link: " + key + " is open (expected: opened once)");
    }
  }

  /** An agent may still fetch the last acknowledgement of a link that has ended well. */
  private void forgetLater(LinkKey key) {
    var passage = links.get(key);
    if (passage != null) {
      timer.schedule(
          () -> links.remove(key, passage), limits.grace().toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** What an agent may have on its way on one link, so that all of them fit into memory. */
  int window() {
    return share(COMING, limits.window());
  }

  /** What may be handed to the network at once on one link. */
  int burst() {
    return share(GOING, Burst.MOST);
  }

  private int share(int all, int most) {
    int frame = limits.frame() + Piece.COST;
    return Math.clamp(all / Math.max(1, links.size()), Math.min(frame, most), most);
  }

  /** A leg to attach a stream to, or why there is none. */
  record Found(@Nullable Leg leg, Status status, Runnable attached) {
    static Found refused(Status status) {
      return new Found(null, status, () -> {});
    }
  }

  Found link(Identity who, LinkKey key, NodeId end, Hello hello) {
    var refusal = authoriser.refuseLink(who, key, end);
    if (refusal != null) {
      return Found.refused(Status.PERMISSION_DENIED.withDescription(refusal));
    }
    var passage = links.get(key);
    var leg = passage == null ? null : passage.leg(end);
    if (passage == null || leg == null) {
      return Found.refused(
          Status.NOT_FOUND.withDescription("link: " + key + " (expected: one that is open here)"));
    }
    if (!leg.claim(hello.getSession())) {
      String reason = end + " has been started anew; this attempt is over";
      passage.lose(reason, Status.ABORTED.withDescription(reason));
      return Found.refused(Status.ABORTED.withDescription(reason));
    }
    return new Found(leg, Status.OK, () -> {});
  }

  Found attendance(Identity who, Hello hello) {
    var refusal = authoriser.refuseAttendance(who);
    if (refusal != null) {
      return Found.refused(Status.PERMISSION_DENIED.withDescription(refusal));
    }
    synchronized (attendances) {
      var there = attendances.get(who.agent());
      if (there != null
          && there.pipe.leg().over() == null
          && there.pipe.leg().claim(hello.getSession())) {
        var same = there;
        return new Found(there.pipe.leg(), Status.OK, () -> attends(same, who));
      }
      if (hello.getResumed()) {
        return Found.refused(
            Status.NOT_FOUND.withDescription("session: not known here (expected: a new one)"));
      }
      var fresh = new Attendance(who);
      fresh.pipe.leg().claim(hello.getSession());
      attendances.put(who.agent(), fresh);
      if (there != null) {
        there.replaced = true;
        there.pipe.lose("the agent has been started anew");
      }
      return new Found(fresh.pipe.leg(), Status.OK, () -> attends(fresh, who));
    }
  }

  private void attends(Attendance attendance, Identity who) {
    boolean fresh = attendance.begin();
    LOG.info("{} attends{}", who.agent(), fresh ? "" : " again");
    var to = listener;
    if (to != null) {
      synchronized (attendance) {
        to.attends(who, fresh);
      }
    }
    if (fresh) {
      Thread.ofVirtual().name("reports of " + who.agent()).start(attendance::read);
    }
  }

  /** An agent's standing stream. */
  private final class Attendance {
    private final Identity who;
    private final EndPipe pipe;
    private boolean begun;
    private volatile boolean replaced;

    Attendance(Identity who) {
      this.who = who;
      this.pipe =
          new EndPipe(
              Standing.KEY,
              NodeId.COORDINATOR,
              Standing.limits(limits),
              new MemorySpool(Standing.UNREAD),
              Tally.NONE,
              timer,
              up -> {},
              () -> {});
    }

    /** True the first time. */
    synchronized boolean begin() {
      boolean first = !begun;
      begun = true;
      return first;
    }

    void read() {
      String reason = "it has ended its stream";
      try {
        while (pipe.more()) {
          var report = Standing.report(pipe.receive());
          var to = listener;
          if (to != null) {
            synchronized (this) {
              to.reported(who.agent(), report);
            }
          }
        }
      } catch (LinkLostException e) {
        reason = String.valueOf(e.getMessage());
      } catch (WireException e) {
        reason = String.valueOf(e.getMessage());
        pipe.lose(reason);
      }
      leave(reason);
    }

    private void leave(String reason) {
      synchronized (attendances) {
        attendances.remove(who.agent(), this);
      }
      pipe.close();
      var to = listener;
      if (to != null && !replaced) {
        LOG.info("{} is gone: {}", who.agent(), reason);
        to.gone(who.agent(), reason);
      }
    }
  }

  @Override
  public boolean tell(String agent, Order order) {
    var attendance = attendances.get(agent);
    if (attendance == null) {
      return false;
    }
    try {
      attendance.pipe.post(Standing.parcel(Standing.ORDER, order));
      return true;
    } catch (LinkLostException e) {
      return false;
    }
  }

  @Override
  public Set<String> attending() {
    return new TreeSet<>(attendances.keySet());
  }

  @Override
  public boolean connected(String agent) {
    var attendance = attendances.get(agent);
    return attendance != null && attendance.pipe.leg().attached();
  }

  @Override
  public void expel(String agent, String reason) {
    reception.expel(agent, reason);
    var attendance = attendances.get(agent);
    if (attendance != null) {
      attendance.pipe.lose(reason);
    }
  }

  @Override
  public void close() {
    var told = Status.UNAVAILABLE.withDescription("the coordinator is stopping");
    links.values().forEach(link -> link.lose("the coordinator is stopping", told));
    attendances.values().forEach(a -> a.pipe.leg().lose("the coordinator is stopping", told));
    reception.close();
    timer.shutdownNow();
  }
}
