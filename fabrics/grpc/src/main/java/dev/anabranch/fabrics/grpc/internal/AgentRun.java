package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Job;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Messages;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.Party;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.fabrics.grpc.Wired;
import dev.anabranch.fabrics.grpc.internal.proto.AbandonVisit;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Doing;
import dev.anabranch.fabrics.grpc.internal.proto.Look;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/** A run as one agent plays it. Thread-safe. */
final class AgentRun {
  /** Bytes of messages of one link that may wait to be read. */
  private static final long UNREAD = 16L << 20;

  private final Dial dial;
  private final SentLog sentLog;
  private final Wired wired;
  private final ModelUse use;
  private final Path folder;
  private final Semaphore places;
  private final ReadWriteLock gate = new ReentrantReadWriteLock(true);
  private final Map<String, Attempt> attempts = new TreeMap<>();
  private final Map<String, Long> measured = new ConcurrentHashMap<>();

  /**
   * @param folder for memories, the run's own
   */
  AgentRun(Dial dial, SentLog sentLog, Wired wired, Path folder) {
    this.dial = dial;
    this.sentLog = sentLog;
    this.wired = wired;
    this.folder = folder;
    use = wired.method().use(wired.job().engine().facts());
    places = new Semaphore(wired.job().engine().lanes().count() + 1, true);
  }

  Job job() {
    return wired.job();
  }

  Method<?> method() {
    return wired.method();
  }

  ModelUse use() {
    return use;
  }

  Dial dial() {
    return dial;
  }

  ReadWriteLock gate() {
    return gate;
  }

  boolean needs(Ability ability) {
    return method().card().needs().contains(ability);
  }

  Spool spool() {
    return new MemorySpool(UNREAD);
  }

  AgentMemory memory(NodeId party, NodeId device) {
    var name = RemoteVisits.memoryName(party, device).replace(' ', '-');
    return new AgentMemory(folder.resolve(name), party);
  }

  /** Waits for a place, where programs need not all be alive at once. */
  void admit(boolean body) {
    if (limited(body)) {
      places.acquireUninterruptibly();
    }
  }

  void leave(boolean body, boolean admitted) {
    if (limited(body) && admitted) {
      places.release();
    }
  }

  private boolean limited(boolean body) {
    return !body && !needs(Ability.LIVE_LINKS) && !needs(Ability.PEER_LINKS);
  }

  /** The first visit of each kind of party has its memory measured. */
  boolean watches(NodeId party) {
    return !measured.containsKey(kind(party));
  }

  private String kind(NodeId party) {
    return party.role() == NodeId.Role.BODY
        ? "body"
        : "device " + job().hosts().profile(party.index()).name();
  }

  /** Most native memory of a visit: what was measured for its kind; 0 if nothing was. */
  long peak(NodeId party, Party host, boolean well) {
    if (!host.worked()) {
      return 0;
    }
    if (host.watched() && well) {
      measured.putIfAbsent(kind(party), host.peak());
    }
    return measured.getOrDefault(kind(party), host.watched() ? host.peak() : 0L);
  }

  void report(Report report) {
    dial.report(report);
  }

  void sent(String run, int round, NodeId from, NodeId to, String topic, long bytes) {
    sentLog.sent(run, round, from, to, topic, bytes);
  }

  private static String key(boolean body, int device) {
    return (body ? "body for " : "") + device;
  }

  synchronized void begin(BeginVisit order) {
    var next = new Attempt(this, order);
    var before = attempts.put(key(order.getBody(), order.getVisit().getDevice()), next);
    if (before != null) {
      before.abandon("another attempt begins");
    }
    next.start();
  }

  synchronized void ended(Attempt attempt) {
    attempts.remove(key(attempt.body(), attempt.device().index()), attempt);
  }

  synchronized void abandon(AbandonVisit order) {
    for (boolean body : new boolean[] {false, true}) {
      var attempt = attempts.get(key(body, order.getVisit().getDevice()));
      if (attempt != null && attempt.number() <= order.getVisit().getAttempt()) {
        attempt.abandon(order.getReason());
      }
    }
  }

  synchronized void abandonAll(String reason) {
    attempts.values().forEach(attempt -> attempt.abandon(reason));
  }

  synchronized List<Doing> doing() {
    return attempts.values().stream().map(Attempt::doing).toList();
  }

  /** Sends what a device keeps under a key. Blocks until it is taken. */
  void look(Look order) {
    var device = NodeId.device(order.getDevice());
    var key =
        new LinkKey(
            order.getRun(),
            Looks.ROUND,
            device.index(),
            order.getNumber(),
            NodeId.COORDINATOR,
            device);
    try (var pipe = dial.open(key, device, spool())) {
      try {
        var version = order.hasMemory() ? order.getMemory() : null;
        var found = memory(device, device).open(version).memory().get(order.getKey());
        if (found.isPresent()) {
          var codec = Looks.MEMORY.codec();
          var wire = Messages.encode(codec, found.get(), Memory.NONE);
          pipe.post(new Parcel(Looks.MEMORY.name(), codec.id(), wire));
        }
        pipe.end(null).await();
      } catch (AnabranchException e) {
        pipe.end(String.valueOf(e.getMessage())).await();
      }
    } catch (LinkLostException e) {
      return; // asked again, if it is still wanted
    }
  }

  /**
   * The run is over.
   *
   * @param well whether nothing that is kept here will be needed, once its record is whole
   */
  void close(boolean well) {
    abandonAll("the run is over");
    wired.close().run();
    if (well) {
      EndedRuns.mark(folder);
    }
  }

  /** The failure behind an exception, for the coordinator. */
  static String failure(Throwable e) {
    return e instanceof AnabranchException known ? known.failure().name() : Failure.PROGRAM.name();
  }
}
