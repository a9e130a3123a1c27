package dev.anabranch.fabrics.grpc.internal;

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
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The visits of one round. Of the coordinator's program. */
final class RemoteVisits implements Visits {
  /** Replies that were handed out are freed when later ones need more than this. */
  private static final long PENDING = 64L << 20;

  final int round;
  final List<RemoteVisit> visits = new ArrayList<>();
  private final Map<NodeId, RemoteVisit> byDevice = new TreeMap<>();
  private final List<VisitGroup> groups = new ArrayList<>();
  private final RunContext run;
  private final Watch watch;
  private final Memory memory;
  private final Consumer<RemoteVisits> whenClosed;
  private final List<SharedWire> wires = new ArrayList<>();
  private final ArrayDeque<Messages.Received<?>> pending = new ArrayDeque<>();
  private final Map<NodeId, VisitCost> costs = new TreeMap<>();
  private long pendingBytes;
  private boolean closed;

  /**
   * @param memory of the coordinator
   * @param versions what each party keeps on its disk
   * @param whenClosed told when all visits have ended
   */
  RemoteVisits(
      RunContext run,
      Watch watch,
      Memory memory,
      int round,
      List<NodeId> devices,
      Map<String, Version> versions,
      Consumer<RemoteVisits> whenClosed) {
    this.run = run;
    this.watch = watch;
    this.memory = memory;
    this.round = round;
    this.whenClosed = whenClosed;
    for (var device : devices) {
      var visit = new RemoteVisit(run, memory, round, device);
      visits.add(visit);
      byDevice.put(device, visit);
    }
    if (run.needs(Ability.PEER_LINKS)) {
      groups.add(new VisitGroup(run, round, visits, versions));
    } else {
      visits.forEach(v -> groups.add(new VisitGroup(run, round, List.of(v), versions)));
    }
    run.board().change(() -> watch.over(groups, visits));
    groups.forEach(VisitGroup::start);
  }

  /** Under which name the memory of a party is noted. */
  static String memoryName(NodeId party, NodeId device) {
    return party.equals(device) ? party.toString() : party + " for " + device;
  }

  private RemoteVisit of(NodeId device) {
    var visit = byDevice.get(device);
    if (visit == null) {
      throw new IllegalArgumentException(
          "link to " + device + ": refused (expected: one of " + byDevice.keySet() + ")");
    }
    return visit;
  }

  @Override
  public List<Link> links() {
    return visits.stream().map(v -> (Link) v.toDevice).toList();
  }

  @Override
  public <T> void sendAll(Topic<T> topic, T message) {
    send(visits, topic, message, v -> v.toDevice);
  }

  @Override
  public <T> void send(Collection<NodeId> devices, Topic<T> topic, T message) {
    var to = devices.stream().sorted().map(this::of).toList();
    send(to, topic, message, v -> v.toDevice);
  }

  @Override
  public <T> void sendBodies(Topic<T> topic, T message) {
    send(visits, topic, message, RemoteVisits::body);
  }

  private static CoordinatorLink body(RemoteVisit visit) {
    if (visit.toBody == null) {
      throw new IllegalStateException(
          "link to the body: refused (expected: a method that needs BODY_LINKS)");
    }
    return visit.toBody;
  }

  private <T> void send(
      List<RemoteVisit> to,
      Topic<T> topic,
      T message,
      Function<RemoteVisit, CoordinatorLink> link) {
    var codec = Messages.codec(run.job(), topic);
    var wire =
        new SharedWire(Messages.encode(codec, message, memory.scoped("~all/out/" + topic.name())));
    wires.add(wire);
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

    Gathering(Topic<T> topic, Quorum quorum, boolean bodies) {
      this.topic = topic;
      this.quorum = quorum;
      this.bodies = bodies;
    }

    @Override
    public @Nullable Reply<T> next(Map<NodeId, String> lost) {
      while (at < visits.size()) {
        var visit = visits.get(at++);
        var message = read(visit);
        if (message != null) {
          sound++;
          return new Reply<>(visit.device, message);
        }
        lost.put(visit.device, reason(visit));
      }
      check(lost);
      return null;
    }

    private static String reason(RemoteVisit visit) {
      var direct = visit.toDevice.lost();
      return direct != null ? direct : Objects.requireNonNullElse(body(visit).lost(), "lost");
    }

    private void check(Map<NodeId, String> lost) {
      try {
        quorum.require(round, sound, lost.isEmpty() ? "none" : lost.toString());
      } catch (AnabranchException e) {
        run.board().stop(e);
        throw e;
      }
    }

    private @Nullable T read(RemoteVisit visit) {
      var link = bodies ? body(visit) : visit.toDevice;
      if (visit.toDevice.lost() != null || link.lost() != null) {
        return null;
      }
      Messages.Received<T> got;
      try {
        got = link.take(topic);
      } catch (LinkLostException e) {
        visit.miss(Objects.requireNonNullElse(link.lost(), "lost"));
        return null;
      }
      keep(got);
      if (got.value() instanceof Checked checked && checked.defect().isPresent()) {
        var defect = checked.defect().get();
        visit.refuse(defect);
        link.refuse(defect);
        visit.toDevice.refuse(defect);
        return null;
      }
      return got.value();
    }
  }

  private void keep(Messages.Received<?> got) {
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
      visits.forEach(RemoteVisit::end);
      awaitAll();
      whenClosed.accept(this);
    } finally {
      groups.forEach(VisitGroup::join);
      run.board().change(() -> watch.over(List.of(), List.of()));
      pending.forEach(Messages.Received::free);
      pending.clear();
      visits.forEach(RemoteVisit::free);
      wires.forEach(SharedWire::close);
    }
  }

  /** Waits until every visit is whole or given up. */
  private void awaitAll() {
    var board = run.board();
    board.lock.lock();
    try {
      visits.forEach(v -> v.awaited("its end"));
      board.until(() -> groups.stream().allMatch(VisitGroup::over));
    } finally {
      board.lock.unlock();
    }
  }
}
