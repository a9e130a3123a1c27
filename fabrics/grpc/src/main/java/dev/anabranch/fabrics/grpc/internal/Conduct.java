package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;
import dev.anabranch.fabrics.common.Conducting;
import dev.anabranch.fabrics.common.Hop;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.RoundClock;
import dev.anabranch.fabrics.common.RoundVisits;
import dev.anabranch.fabrics.common.Start;
import dev.anabranch.fabrics.grpc.GrpcFabric;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** One run of a method between real machines, by wall time. Of the coordinator's program. */
public final class Conduct<S> extends Conducting<S> {
  private final RunContext run;
  private final RemoteNotes kept;
  private final Looks looks;
  private final Watch watch;
  private final VisitBooks costs;

  /** What agents hear when the run ends before it is complete. */
  private String told = "failed";

  /** A run that begins, or goes on from its last checkpoint. */
  public static <S> Conduct<S> of(
      Method<S> method, Job job, GrpcFabric.Settings settings, Hub hub) {
    var start = Start.of(job.records().checkpoints());
    var board = new Board();
    var clock = new AwakeClock();
    var roll =
        new Roll(
            settings.run(),
            settings.plan(),
            hub,
            board,
            clock,
            settings.devices(),
            settings.body(),
            job.hosts().shards().size());
    var run =
        new RunContext(
            settings.run(),
            job,
            method,
            method.use(job.engine().facts()),
            start.books(),
            board,
            roll,
            hub,
            clock,
            start.wall(),
            settings.spool(),
            settings.deadline().toMillis() / 1000.0);
    return new Conduct<>(method, run, start);
  }

  private Conduct(Method<S> method, RunContext run, Start start) {
    var kept = RemoteNotes.read(start);
    var round = new RoundClock();
    super(
        method,
        run.job(),
        run.use(),
        new Meter(
            run.job().engine().lanes(),
            new ReentrantReadWriteLock(true),
            (work, nanos, macs) ->
                run.books()
                    .charge(new Charge.Compute(NodeId.COORDINATOR, round.now(), work, nanos, macs)),
            run.board()::check,
            kept.peak < 0),
        round,
        start);
    this.run = run;
    this.kept = kept;
    costs = new VisitBooks(books, notes, kept);
    looks = new Looks(run);
    watch = new Watch(run);
  }

  /** Who plays this run; it hears of agents from now on. */
  public Roll roll() {
    return run.roll();
  }

  @Override
  protected void begins() {
    watch.start();
  }

  @Override
  protected void enters(boolean again) {
    if (again) {
      run.live(
          "resumed",
          firstRound(),
          "reason",
          "the coordinator was started again; it goes on from its last checkpoint");
    }
    run.roll()
        .eachDevice((device, agent) -> run.live("assign", -1, "device", device, "agent", agent));
  }

  @Override
  protected void check() {
    run.board().check();
  }

  @Override
  protected @Nullable AnabranchException failure() {
    return run.board().failure();
  }

  /** Tells whoever watches; the failure itself counts, whatever the log says to that. */
  @Override
  protected void failed(AnabranchException e) {
    boolean asked = e.failure() == Failure.STOPPED;
    var state = asked ? "stopped" : "failed";
    var reason = String.valueOf(e.getMessage());
    // What others did is no business of an agent's owner.
    told = asked ? reason : "failed (" + e.failure() + "); its operator knows more";
    try {
      run.live("end", notes.rounds() - 1, "state", state, "reason", reason);
    } catch (AnabranchException log) {
      e.addSuppressed(log);
    }
  }

  @Override
  protected void writeEnd(double wallSeconds) {
    run.live("end", notes.rounds() - 1, "state", "ended", "lost", notes.lost());
    VisitFolder.delete(run.spool());
  }

  @Override
  protected void over(boolean well) {
    watch.end();
    run.roll().close(well ? "" : told);
  }

  @Override
  protected double seconds() {
    return wall().seconds();
  }

  @Override
  protected double virtualSeconds() {
    return 0;
  }

  /** Real memory is measured by agents, which know what they do. */
  @Override
  protected RoundVisits<?, ?> visit(int round, List<NodeId> cohort, Function<NodeId, String> work) {
    run.live("round", round, "cohort", cohort.stream().map(NodeId::index).toList());
    return new RemoteVisits(run, watch, memory, round, cohort, kept.memories, this::closed);
  }

  /** All visits have ended: keeps what they left and books what they cost. */
  private void closed(RemoteVisits visits) {
    super.closed(visits);
    for (var visit : visits.visits()) {
      costs.book(visit);
      if (visit.lost() == null) {
        page()
            .visit(
                visit.device,
                "wallStart",
                visit.began(),
                "wallEnd",
                visit.finished(),
                "computeSeconds",
                visit.computeSeconds(),
                "transferSeconds",
                visit.sendingSeconds(),
                "waitSeconds",
                visit.waitingSeconds());
        visits.cost(visit.device, VisitBooks.cost(visit));
      }
    }
  }

  @Override
  protected void note(Map<String, String> notes) {
    kept.write(notes);
  }

  @Override
  protected void saved(int nextRound) {
    VisitFolder.forgetBefore(run.spool(), nextRound);
  }

  @Override
  protected Optional<TensorMap> memory(NodeId device, String key) {
    var version = kept.memories.get(RemoteVisits.memoryName(device, device));
    return version == null
        ? Optional.empty()
        : looks.memory(device, key, version, reason -> away(device, reason));
  }

  /** What it has is missing in what is measured, and in what is made of it. */
  private void away(NodeId device, String reason) {
    notes.miss();
    run.live("lost", round.now(), "device", device.index(), "reason", reason);
  }

  @Override
  protected long charged(long peak) {
    kept.peak = Math.max(kept.peak, peak);
    return kept.peak;
  }

  @Override
  protected Map<Hop, Integer> takeMessages() {
    return costs.takeMessages();
  }

  @Override
  public Shard pooled() {
    throw new IllegalStateException("pooled data: refused (expected: a fabric with POOLED_DATA)");
  }
}
