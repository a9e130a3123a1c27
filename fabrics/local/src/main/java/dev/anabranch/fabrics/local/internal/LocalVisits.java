package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Checked;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Reply;
import dev.anabranch.core.Topic;
import dev.anabranch.core.VisitCost;
import dev.anabranch.core.Visits;
import dev.anabranch.core.Wire;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The visits of one round, started in device order, as many at a time as may be resident. Of the
 * coordinator's program.
 */
final class LocalVisits implements Visits {
  /** Replies that were handed out are freed when later ones need more than this. */
  private static final long PENDING = 64L << 20;

  final int round;
  final List<Visit> visits = new ArrayList<>();
  private final Map<NodeId, Visit> byDevice = new TreeMap<>();
  private final Conduct<?> conduct;
  private final Shared shared;
  private final Memory memory;
  private final int places;
  private final List<Wire> sharedWires = new ArrayList<>();
  private final ArrayDeque<LocalLink.Received<?>> pending = new ArrayDeque<>();
  private final Map<NodeId, VisitCost> costs = new TreeMap<>();
  private long pendingBytes;
  private final Channel ends = new Channel(NodeId.device(0), NodeId.COORDINATOR);
  private int next;
  private int resident;
  private int ended;
  private boolean closing;
  private boolean closed;

  /**
   * @param watched the devices whose memory is measured; with it, that of the body beside the first
   *     of them
   */
  LocalVisits(
      Conduct<?> conduct,
      Shared shared,
      Program coordinator,
      Memories.Staged memory,
      int round,
      List<NodeId> devices,
      java.util.Set<NodeId> watched,
      boolean watchBody) {
    this.conduct = conduct;
    this.shared = shared;
    this.memory = memory;
    this.round = round;
    boolean live = shared.needs(Ability.LIVE_LINKS) || shared.needs(Ability.PEER_LINKS);
    places = live ? Integer.MAX_VALUE : shared.resident;
    ends.reader = coordinator;
    for (var device : devices) {
      var visit =
          new Visit(
              shared,
              this,
              coordinator,
              memory,
              round,
              device,
              watched.contains(device),
              watchBody && visits.isEmpty());
      visits.add(visit);
      byDevice.put(device, visit);
    }
    shared.board.relief(this::admitOne);
    shared.board.lock.lock();
    try {
      admit();
    } finally {
      shared.board.lock.unlock();
    }
  }

  Visit of(NodeId device) {
    var visit = byDevice.get(device);
    if (visit == null) {
      throw new IllegalArgumentException(
          "link to " + device + ": refused (expected: one of " + byDevice.keySet() + ")");
    }
    return visit;
  }

  private void admit() {
    while (resident < places && admitOne()) {}
  }

  /** Starts the next visit, if there is one. Called with the lock held. */
  private boolean admitOne() {
    if (next == visits.size() || shared.board.stopped()) {
      return false;
    }
    resident++;
    visits.get(next++).start();
    return true;
  }

  /** Frees a visit's place if it is done. Called with the lock held. */
  void changed(Visit visit) {
    if (visit.started
        && visit.running == 0
        && !visit.released
        && (closing || (visit.up.messages.isEmpty() && !visit.held))) {
      visit.released = true;
      resident--;
      ended++;
      admit();
      if (ended == visits.size()) {
        ends.end =
            new Channel.End(
                false, "", new Trace.Transfer(NodeId.COORDINATOR, NodeId.COORDINATOR, 0, true));
        shared.board.arrived(ends);
      }
    }
  }

  @Override
  public List<Link> links() {
    return visits.stream().map(v -> v.coordinatorToDevice.outer()).toList();
  }

  @Override
  public <T> void sendAll(Topic<T> topic, T message) {
    send(visits, topic, message, v -> v.coordinatorToDevice);
  }

  @Override
  public <T> void send(Collection<NodeId> devices, Topic<T> topic, T message) {
    var to = devices.stream().sorted().map(this::of).toList();
    send(to, topic, message, v -> v.coordinatorToDevice);
  }

  @Override
  public <T> void sendBodies(Topic<T> topic, T message) {
    send(visits, topic, message, LocalVisits::body);
  }

  private static LocalLink body(Visit visit) {
    if (visit.coordinatorToBody == null) {
      throw new IllegalStateException(
          "link to the body: refused (expected: a method that needs BODY_LINKS)");
    }
    return visit.coordinatorToBody;
  }

  private <T> void send(
      List<Visit> to, Topic<T> topic, T message, Function<Visit, LocalLink> link) {
    var codec = LocalLink.codec(shared, topic);
    var wire = LocalLink.encode(codec, message, memory.scoped("~all/out/" + topic.name()));
    sharedWires.add(wire);
    for (var visit : to) {
      link.apply(visit).postShared(topic.name(), codec.id(), wire);
    }
  }

  @Override
  public <T> Replies<T> gather(Topic<T> topic, Quorum quorum) {
    return new Replies<>(new Gathering<>(topic, quorum, false));
  }

  @Override
  public <T> Replies<T> gatherBodies(Topic<T> topic, Quorum quorum) {
    return new Replies<>(new Gathering<>(topic, quorum, true));
  }

  /** Reads the replies one by one. */
  private final class Gathering<T> implements Replies.Source<T> {
    private final Topic<T> topic;
    private final Quorum quorum;
    private final boolean bodies;
    private int at;
    private int sound;
    private @Nullable Visit last;

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
          return new Reply<>(visit.device, message);
        }
        lost.put(visit.device, reason(visit));
      }
      check(lost);
      return null;
    }

    private String reason(Visit visit) {
      var direct = visit.coordinatorToDevice.lost();
      return direct != null ? direct : Objects.requireNonNullElse(body(visit).lost(), "lost");
    }

    private void check(Map<NodeId, String> lost) {
      try {
        quorum.require(round, sound, lost.isEmpty() ? "none" : lost.toString());
      } catch (AnabranchException e) {
        shared.board.stop(NodeId.COORDINATOR, e);
        throw e;
      }
    }

    private void consumed() {
      var visit = last;
      if (visit == null) {
        return;
      }
      last = null;
      hold(visit, false);
    }

    private @Nullable T read(Visit visit) {
      var link = bodies ? body(visit) : visit.coordinatorToDevice;
      if (visit.coordinatorToDevice.lost() != null || link.lost() != null) {
        return null;
      }
      if (!bodies) {
        hold(visit, true);
      }
      LocalLink.Received<T> got;
      try {
        got = link.take(topic);
      } catch (LinkLostException e) {
        visit.miss(Objects.requireNonNullElse(link.lost(), "lost"));
        hold(visit, false);
        return null;
      }
      keep(got);
      if (got.value() instanceof Checked checked && checked.defect().isPresent()) {
        var defect = checked.defect().get();
        visit.refuse(defect);
        link.refuse(defect);
        visit.coordinatorToDevice.refuse(defect);
        hold(visit, false);
        return null;
      }
      return got.value();
    }
  }

  private void hold(Visit visit, boolean held) {
    shared.board.lock.lock();
    try {
      visit.held = held;
      changed(visit);
    } finally {
      shared.board.lock.unlock();
    }
  }

  private void keep(LocalLink.Received<?> got) {
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
  void cost(NodeId device, VisitCost cost) {
    costs.put(device, cost);
  }

  @Override
  public Optional<VisitCost> cost(NodeId device) {
    if (!closed) {
      throw new IllegalStateException(
          "cost of " + device + ": the visits of round " + round + " are open (expected: closed)");
    }
    return of(device).lost() == null ? Optional.ofNullable(costs.get(device)) : Optional.empty();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    try {
      awaitAll();
      conduct.closed(this);
    } finally {
      visits.forEach(Visit::join);
      pending.forEach(LocalLink.Received::free);
      pending.clear();
      visits.forEach(Visit::drop);
      sharedWires.forEach(Wire::close);
      shared.board.relief(() -> false);
    }
  }

  private void awaitAll() {
    for (var visit : visits) {
      visit.coordinatorToDevice.end(null);
      if (visit.coordinatorToBody != null) {
        visit.coordinatorToBody.end(null);
      }
    }
    shared.board.lock.lock();
    try {
      closing = true;
      visits.forEach(this::changed);
      if (!visits.isEmpty()) {
        shared.board.await(conduct.program(), ends, "the visits of round " + round + " to end");
      }
    } finally {
      shared.board.lock.unlock();
    }
  }
}
