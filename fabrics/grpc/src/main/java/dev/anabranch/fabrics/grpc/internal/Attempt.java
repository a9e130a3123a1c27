package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Job;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.fabrics.common.BodyParty;
import dev.anabranch.fabrics.common.DeviceParty;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.Stopped;
import dev.anabranch.fabrics.common.Surroundings;
import dev.anabranch.fabrics.common.VisitParty;
import dev.anabranch.fabrics.grpc.internal.proto.BeginVisit;
import dev.anabranch.fabrics.grpc.internal.proto.Doing;
import dev.anabranch.fabrics.grpc.internal.proto.Ended;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import dev.anabranch.fabrics.grpc.internal.proto.Visit;
import dev.anabranch.fabrics.grpc.internal.proto.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One program of one attempt of a visit: the device's, or the body's beside it. It runs on a thread
 * of its own; others may abandon it and ask what it does.
 */
final class Attempt implements Surroundings {
  private static final Logger LOG = LoggerFactory.getLogger(Attempt.class);

  private final AgentRun run;
  private final BeginVisit begin;
  private final NodeId party;
  private final NodeId device;
  private final AgentMemory versions;
  private final Map<String, Work.Builder> work = new TreeMap<>();
  private final boolean loses;
  private final boolean poisoned;

  /** Guards the links, and whether there may be more. */
  private final ReentrantLock lock = new ReentrantLock();

  private final Map<NodeId, AgentLink> links = new TreeMap<>();
  private volatile @Nullable String over;
  private volatile @Nullable String broken;
  private volatile @Nullable String cutOff;
  private volatile @Nullable String waitsFor;
  private volatile boolean admitted;
  private volatile @Nullable Meter meter;

  // The program's own.
  private @Nullable VisitParty host;
  private AgentMemory.@Nullable Staged memory;
  private long sendingNanos;
  private long waitingNanos;
  private long computeNanos;

  Attempt(AgentRun run, BeginVisit begin) {
    this.run = run;
    this.begin = begin;
    device = NodeId.device(begin.getVisit().getDevice());
    party = begin.getBody() ? BodyParty.BODY : device;
    versions = run.memory(party, device);
    var job = run.job();
    boolean body = begin.getBody();
    loses = !body && job.faults().loses(job.seed(), device.index(), round());
    poisoned = !body && job.faults().poisoned().contains(new Faults.Visit(device.index(), round()));
  }

  Job job() {
    return run.job();
  }

  @Override
  public int round() {
    return begin.getVisit().getRound();
  }

  int number() {
    return begin.getVisit().getAttempt();
  }

  Visit visit() {
    return begin.getVisit();
  }

  boolean body() {
    return begin.getBody();
  }

  NodeId device() {
    return device;
  }

  @Override
  public boolean needs(Ability ability) {
    return run.needs(ability);
  }

  @Override
  public Memory memory() {
    return Objects.requireNonNull(memory).memory();
  }

  boolean poisoned() {
    return poisoned;
  }

  void start() {
    Thread.ofVirtual().name(party + " for " + device + " in round " + round()).start(this::attend);
  }

  private void attend() {
    var ended = Ended.newBuilder().setVisit(visit()).setBody(body());
    try {
      run.admit(body());
      admitted = true;
      check();
      versions.prune(begin.hasMemory() ? begin.getMemory() : null);
      var staged = versions.open(begin.hasMemory() ? begin.getMemory() : null);
      memory = staged;
      boolean watch = run.watches(party);
      var mine = new Meter(job().engine().lanes(), run.gate(), this::worked, this::check, watch);
      meter = mine;
      program(mine);
      check();
      ended.setOutcome(Ended.Outcome.WELL).setKept(staged.save(round(), number()));
    } catch (Stopped e) {
      ended.setOutcome(Ended.Outcome.BROKEN).setReason(String.valueOf(e.getMessage()));
    } catch (LinkLostException e) {
      var why = cutOff != null ? cutOff : String.valueOf(e.getMessage());
      ended.setOutcome(Ended.Outcome.LOST).setReason(why);
    } catch (Throwable e) { // whatever it is, the coordinator is told
      LOG.warn("{} for {} in round {}: its program failed", party, device, round(), e);
      ended.setOutcome(Ended.Outcome.FAILED).setReason(failure(e));
    } finally {
      run.leave(body(), admitted);
    }
    finish(ended);
  }

  private static String failure(Throwable e) {
    return e instanceof AnabranchException
        ? String.valueOf(e.getMessage())
        : e + " (expected: a program that ends well)";
  }

  private void program(Meter mine) {
    link(NodeId.COORDINATOR);
    if (body()) {
      link(device);
      var it = new BodyParty(device, run.job(), run.use(), mine, this);
      closing(it, () -> run.method().serve(it));
      return;
    }
    if (needs(Ability.BODY_LINKS)) {
      link(BodyParty.BODY);
    }
    var it = new DeviceParty(device, run.job(), run.use(), mine, this);
    closing(it, () -> run.method().participate(it));
  }

  private void closing(VisitParty it, Runnable program) {
    host = it;
    try {
      program.run();
    } finally {
      it.closeModel();
    }
  }

  private void finish(Ended.Builder ended) {
    var outcome = ended.getOutcome();
    var reason = outcome == Ended.Outcome.WELL ? null : ended.getReason();
    var it = host;
    if (it != null) {
      ended.setOpened(it.opened()).setFrozenBytes(it.frozenBytes());
      ended.setPeakBytes(run.peak(party, it, outcome == Ended.Outcome.WELL));
    }
    work.values().forEach(ended::addWork);
    ended
        .setComputeSeconds(computeNanos / 1e9)
        .setSendingSeconds(sendingNanos / 1e9)
        .setWaitingSeconds(waitingNanos / 1e9);
    boolean verdict = outcome != Ended.Outcome.BROKEN;
    if (verdict && needs(Ability.PEER_LINKS)) {
      meetAll();
    }
    var all = leave(verdict ? null : reason);
    all.forEach(AgentLink::free);
    if (verdict) {
      var ends = new ArrayList<Sending>();
      for (var link : all) {
        var end = link.end(reason);
        if (end != null) {
          ends.add(end);
        }
      }
      run.report(Report.newBuilder().setEnded(ended).build());
      Thread.ofVirtual().start(() -> linger(all, ends));
    } else {
      all.forEach(link -> link.close(reason));
      if (over == null) {
        run.report(Report.newBuilder().setEnded(ended).build());
      }
    }
    run.ended(this);
  }

  /** Those who wait for a message of this program have to hear that it has ended. */
  private void meetAll() {
    cutOff = null;
    for (int index : begin.getCohortList()) {
      if (index != device.index()) {
        try {
          link(NodeId.device(index));
        } catch (Stopped e) {
          return;
        }
      }
    }
  }

  /** Nothing is linked any more; gives all that is. */
  private List<AgentLink> leave(@Nullable String reason) {
    lock.lock();
    try {
      if (reason != null && broken == null) {
        broken = reason;
      }
      return List.copyOf(links.values());
    } finally {
      lock.unlock();
    }
  }

  /** What was sent last is still on its way. */
  private static void linger(List<AgentLink> links, List<Sending> ends) {
    for (var end : ends) {
      try {
        end.await();
      } catch (LinkLostException e) {
        continue; // the coordinator has given it up, or has it already
      }
    }
    links.forEach(link -> link.close(null));
  }

  /** Stops the program: nobody waits for it any more. */
  void abandon(String reason) {
    List<AgentLink> all;
    lock.lock();
    try {
      over = reason;
      all = List.copyOf(links.values());
    } finally {
      lock.unlock();
    }
    all.forEach(link -> link.close(reason));
  }

  /** Throws if nobody waits for this program any more. */
  void check() {
    var why = over != null ? over : broken;
    if (why != null) {
      throw new Stopped(why);
    }
    var cut = cutOff;
    if (cut != null) {
      throw new LinkLostException(NodeId.COORDINATOR, cut);
    }
  }

  /** This attempt can do nothing more. */
  Stopped breaks(String reason) {
    broken = reason;
    return new Stopped(over != null ? over : reason);
  }

  /** An injected loss strikes at the first message. */
  void loseIfInjected(NodeId peer) {
    if (loses) {
      cutOff = "injected";
      throw new LinkLostException(peer, "injected");
    }
  }

  /** The link to another party, dialled when it is first asked for. */
  @Override
  public AgentLink link(NodeId peer) {
    lock.lock();
    try {
      check();
      var known = links.get(peer);
      if (known != null) {
        return known;
      }
      var made = dial(peer);
      links.put(peer, made);
      return made;
    } finally {
      lock.unlock();
    }
  }

  private AgentLink dial(NodeId peer) {
    if (peer.role() == NodeId.Role.DEVICE && !body()) {
      if (peer.equals(device) || !begin.getCohortList().contains(peer.index())) {
        throw new IllegalArgumentException(
            "link to "
                + peer
                + ": refused (expected: another device of "
                + begin.getCohortList()
                + ")");
      }
      var lost = begin.getLostMap().get(peer.index());
      if (lost != null) {
        return new AgentLink(this, peer, memory(), EndNote.lost(lost), null);
      }
    }
    int visit =
        peer.role() == NodeId.Role.DEVICE && !body()
            ? Math.min(peer.index(), device.index())
            : device.index();
    var key = LinkKey.between(visit().getRun(), round(), visit, number(), party, peer);
    var note = new EndNote(run.spool());
    return new AgentLink(this, peer, memory(), note, run.dial().open(key, party, note));
  }

  private void worked(String name, long nanos, long macs) {
    computeNanos += nanos;
    var sum = work.computeIfAbsent(name, n -> Work.newBuilder().setName(n));
    sum.setNanos(sum.getNanos() + nanos).setMacs(sum.getMacs() + macs);
  }

  void waitsFor(@Nullable String what) {
    waitsFor = what;
  }

  void spentSending(long nanos) {
    sendingNanos += nanos;
  }

  void spentWaiting(long nanos) {
    waitingNanos += nanos;
  }

  void sent(NodeId to, String topic, long bytes) {
    run.sent(visit().getRun(), round(), party, to, topic, bytes);
  }

  /** What the program does now. */
  Doing doing() {
    var out = Doing.newBuilder().setVisit(visit()).setBody(body());
    var mine = meter;
    var waits = waitsFor;
    if (!admitted) {
      return out.setState(Doing.State.QUEUED).build();
    }
    return waits != null && (mine == null || !mine.working())
        ? out.setState(Doing.State.WAITING).setWaitsFor(waits).build()
        : out.setState(Doing.State.WORKING).build();
  }
}
