package dev.anabranch.fabrics.common;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Checked;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Reply;
import dev.anabranch.core.Topic;
import dev.anabranch.core.TreeMean;
import dev.anabranch.core.VisitCost;
import dev.anabranch.core.Visits;
import dev.anabranch.core.WireException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The visits of one round, in device order. Of the coordinator's program.
 *
 * @param <V> visits of this fabric
 * @param <L> its coordinator's ends of links
 */
public abstract class RoundVisits<V extends PlayedVisit<L>, L extends CoordinatorEnd>
    implements Visits {
  /** Replies that were handed out are freed when later ones need more than this. */
  private static final long PENDING = 64L << 20;

  private final Job job;
  private final Memory memory;
  private final int round;
  private final List<V> visits = new ArrayList<>();
  private final Map<NodeId, V> byDevice = new TreeMap<>();
  private final ArrayDeque<Received<?>> pending = new ArrayDeque<>();
  private final Map<NodeId, VisitCost> costs = new TreeMap<>();
  private long pendingBytes;
  private boolean closed;

  /**
   * @param memory of the coordinator
   */
  protected RoundVisits(Job job, Memory memory, int round) {
    this.job = job;
    this.memory = memory;
    this.round = round;
  }

  /** Adds a visit, the next in device order. Before anything else. */
  protected final void add(V visit) {
    visits.add(visit);
    byDevice.put(visit.device(), visit);
  }

  /**
   * Sends one message, encoded once, on several links.
   *
   * @param parcel is freed when these visits are closed
   */
  protected abstract void post(List<L> to, Parcel parcel);

  /** The coordinator begins or ends its work on a visit's reply. */
  protected void hold(V visit, boolean held) {}

  /** What adds up replies: in memory, unless a fabric says otherwise. */
  protected TreeMean means() {
    return new TreeMean();
  }

  /** Ends the run: too few replies are sound. */
  protected abstract void stop(AnabranchException why);

  /** Ends the coordinator's side, waits until all visits have ended, and reckons their costs. */
  protected abstract void finish();

  /** Joins every program or thread of the visits. */
  protected abstract void join();

  /** Frees what the visits hold. */
  protected abstract void release();

  public final int round() {
    return round;
  }

  /** In device order. */
  public final List<V> visits() {
    return Collections.unmodifiableList(visits);
  }

  /**
   * The visit of a device.
   *
   * @throws IllegalArgumentException if the device was not invited
   */
  public final V of(NodeId device) {
    var visit = byDevice.get(device);
    if (visit == null) {
      throw new IllegalArgumentException(
          "link to " + device + ": refused (expected: one of " + byDevice.keySet() + ")");
    }
    return visit;
  }

  @Override
  public final List<Link> links() {
    return visits.stream().map(v -> v.toDevice().outer()).toList();
  }

  @Override
  public final <T> void sendAll(Topic<T> topic, T message) {
    send(visits, topic, message, PlayedVisit::toDevice);
  }

  @Override
  public final <T> void send(Collection<NodeId> devices, Topic<T> topic, T message) {
    var to = devices.stream().sorted().map(this::of).toList();
    send(to, topic, message, PlayedVisit::toDevice);
  }

  @Override
  public final <T> void sendBodies(Topic<T> topic, T message) {
    send(visits, topic, message, this::body);
  }

  private L body(V visit) {
    var link = visit.toBody();
    if (link == null) {
      throw new IllegalStateException(
          "link to the body: refused (expected: a method that needs BODY_LINKS)");
    }
    return link;
  }

  private <T> void send(List<V> to, Topic<T> topic, T message, Function<V, L> link) {
    var links = to.stream().map(link).toList();
    var codec = Messages.codec(job, topic);
    var wire = Messages.encode(codec, message, memory.scoped("~all/out/" + topic.name()));
    post(links, new Parcel(topic.name(), codec.id(), wire));
  }

  @Override
  public final <T> Replies<T> gather(Topic<T> topic, Quorum quorum) {
    return new Replies<>(new Gathering<>(topic, quorum, false), means());
  }

  @Override
  public final <T> Replies<T> gatherBodies(Topic<T> topic, Quorum quorum) {
    return new Replies<>(new Gathering<>(topic, quorum, true), means());
  }

  /** Reads the replies one by one. */
  private final class Gathering<T> implements Replies.Source<T> {
    private final Topic<T> topic;
    private final Quorum quorum;
    private final boolean bodies;
    private int at;
    private int sound;
    private @Nullable V last;

    Gathering(Topic<T> topic, Quorum quorum, boolean bodies) {
      this.topic = topic;
      this.quorum = quorum;
      this.bodies = bodies;
    }

    @Override
    public @Nullable Reply<T> next(Map<NodeId, String> lost) {
      consumed();
      while (at < visits.size()) {
        var visit = visits.get(at++);
        var message = read(visit);
        if (message != null) {
          last = visit;
          sound++;
          return new Reply<>(visit.device(), message);
        }
        lost.put(visit.device(), reason(visit));
      }
      check(lost);
      return null;
    }

    @Override
    public void refuse(Reply<T> reply, String defect, Map<NodeId, String> lost) {
      last = null;
      sound--;
      var visit = of(reply.from());
      refuse(visit, bodies ? body(visit) : visit.toDevice(), refusal(defect));
      lost.put(reply.from(), reason(visit));
    }

    private String refusal(@Nullable String defect) {
      return topic.name() + ": " + defect + "; it is refused";
    }

    private String reason(V visit) {
      var direct = visit.toDevice().lost();
      return direct != null ? direct : Objects.requireNonNullElse(body(visit).lost(), "lost");
    }

    private void check(Map<NodeId, String> lost) {
      try {
        quorum.require(round, sound, lost.isEmpty() ? "none" : lost.toString());
      } catch (AnabranchException e) {
        stop(e);
        throw e;
      }
    }

    private void consumed() {
      var visit = last;
      if (visit != null) {
        last = null;
        hold(visit, false);
      }
    }

    private @Nullable T read(V visit) {
      var link = bodies ? body(visit) : visit.toDevice();
      if (visit.toDevice().lost() != null || link.lost() != null) {
        return null;
      }
      if (!bodies) {
        hold(visit, true);
      }
      Received<T> got;
      try {
        got = link.take(topic);
      } catch (LinkLostException e) {
        visit.miss(Objects.requireNonNullElse(link.lost(), "lost"));
        hold(visit, false);
        return null;
      } catch (WireException e) {
        return refuse(visit, link, refusal(e.getMessage()));
      }
      keep(got);
      if (got.value() instanceof Checked checked && checked.defect().isPresent()) {
        return refuse(visit, link, checked.defect().get());
      }
      return got.value();
    }

    /** What a device sends may be anything: it costs the device its visit, and nobody else. */
    private @Nullable T refuse(V visit, L link, String defect) {
      visit.refuse(defect);
      link.refuse(defect);
      visit.toDevice().refuse(defect);
      hold(visit, false);
      return null;
    }
  }

  private void keep(Received<?> got) {
    long bytes = got.wire().payloadBytes();
    pending.add(got);
    pendingBytes += bytes;
    while (pendingBytes > PENDING && pending.size() > 1) {
      var old = pending.remove();
      pendingBytes -= old.wire().payloadBytes();
      old.free();
    }
  }

  /** What a visit cost, told by whoever reckons it. */
  public final void cost(NodeId device, VisitCost cost) {
    costs.put(device, cost);
  }

  @Override
  public final Optional<VisitCost> cost(NodeId device) {
    if (!closed) {
      throw new IllegalStateException(
          "cost of " + device + ": the visits of round " + round + " are open (expected: closed)");
    }
    return of(device).lost() == null ? Optional.ofNullable(costs.get(device)) : Optional.empty();
  }

  @Override
  public final void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      finish();
    } finally {
      join();
      pending.forEach(Received::free);
      pending.clear();
      release();
    }
  }
}
