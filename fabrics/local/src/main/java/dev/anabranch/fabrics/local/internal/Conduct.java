package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.VisitCost;
import dev.anabranch.fabrics.common.Conducting;
import dev.anabranch.fabrics.common.Hop;
import dev.anabranch.fabrics.common.RoundPage;
import dev.anabranch.fabrics.common.RoundVisits;
import dev.anabranch.fabrics.common.Start;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** One run of a method in this process, by a virtual clock. Of the coordinator's program. */
public final class Conduct<S> extends Conducting<S> {
  private static final String COORDINATOR = "coordinator";
  private static final String SECONDS = "virtualSeconds";
  private static final String MEASURED = "measured ";

  private final Shared shared;
  private final Program program;
  private final Peaks peaks;

  /** Measured bytes by kind of party. */
  private final TreeMap<String, Long> measured = new TreeMap<>();

  private double virtualSeconds;

  /** A run that begins, or goes on from its last checkpoint. */
  public static <S> Conduct<S> of(
      Method<S> method, Job job, int resident, int measuredFrom, UnaryOperator<Link> wrap) {
    var start = Start.of(job.records().checkpoints());
    return new Conduct<>(
        method, new Shared(job, method, start, resident, wrap), measuredFrom, start);
  }

  private Conduct(Method<S> method, Shared shared, int measuredFrom, Start start) {
    var program = shared.board.program(new Trace(NodeId.COORDINATOR, null), false);
    var measured = measured(start);
    super(
        method,
        shared.job,
        shared.use,
        shared.meter(program, shared.round::now, !measured.containsKey(COORDINATOR)),
        shared.round,
        start);
    this.shared = shared;
    this.program = program;
    this.measured.putAll(measured);
    virtualSeconds = start.noted(SECONDS).map(Double::parseDouble).orElse(0.0);
    peaks = new Peaks(shared, this.measured, measuredFrom);
  }

  private static Map<String, Long> measured(Start start) {
    var out = new TreeMap<String, Long>();
    start
        .noted()
        .forEach((key, value) -> {
          if (key.startsWith(MEASURED)) {
            out.put(key.substring(MEASURED.length()), Long.valueOf(value));
          }
        });
    return out;
  }

  @Override
  protected void note(Map<String, String> notes) {
    notes.put(SECONDS, Double.toString(virtualSeconds));
    measured.forEach((kind, bytes) -> notes.put(MEASURED + kind, Long.toString(bytes)));
  }

  @Override
  protected void begins() {
    shared.board.begins(program);
  }

  @Override
  protected void check() {
    shared.board.check();
  }

  @Override
  protected @Nullable AnabranchException failure() {
    return shared.board.failure();
  }

  @Override
  protected void writeEnd(double wallSeconds) {
    job.records()
        .log()
        .append(
            "end",
            notes.rounds() - 1,
            RoundPage.fields(
                "virtualSeconds",
                virtualSeconds,
                "wallSeconds",
                wallSeconds,
                "lost",
                notes.lost()));
  }

  @Override
  protected void over(boolean well) {
    shared.board.ended(program);
  }

  @Override
  protected double seconds() {
    return virtualSeconds;
  }

  @Override
  protected double virtualSeconds() {
    return virtualSeconds;
  }

  Program program() {
    return program;
  }

  @Override
  protected RoundVisits<?, ?> visit(int round, List<NodeId> cohort, Function<NodeId, String> work) {
    page()
        .begins(
            "cohort",
            cohort.stream().map(NodeId::index).toList(),
            "virtualSeconds",
            virtualSeconds);
    return new LocalVisits(
        this,
        shared,
        program,
        memory,
        round,
        cohort,
        peaks.watched(round, cohort, work),
        peaks.watchesBody(round));
  }

  /** All programs of these visits have ended: keeps what they left and reckons what they cost. */
  void closed(LocalVisits visits) {
    super.closed(visits);
    var traces = new ArrayList<Trace>();
    traces.add(program.trace);
    visits.visits().forEach(v -> traces.addAll(v.traces()));
    double start = virtualSeconds;
    var walks = new Replay(job.hosts()::profile, job.hosts().body()).run(traces, start);
    for (var walk : walks) {
      virtualSeconds = Math.max(virtualSeconds, walk.clock);
      if (walk.node().role() == NodeId.Role.DEVICE) {
        page()
            .visit(
                walk.node(),
                "virtualStart",
                start,
                "virtualEnd",
                walk.clock,
                "computeSeconds",
                walk.compute,
                "transferSeconds",
                walk.transfer,
                "waitSeconds",
                walk.wait);
      }
    }
    program.trace.clear();
    for (var visit : visits.visits()) {
      if (visit.lost() == null) {
        visit.commit();
      }
      if (visit.deviceParty.opened() && notes.installed().add(visit.device.index())) {
        books.charge(
            new Charge.Install(visit.device, visit.round, visit.deviceParty.frozenBytes()));
      }
    }
    peaks.charge(visits);
    costs(visits, walks, start);
  }

  private void costs(LocalVisits visits, List<Replay.Walk> walks, double start) {
    for (var walk : walks) {
      if (walk.node().role() == NodeId.Role.DEVICE) {
        visits.cost(
            walk.node(),
            new VisitCost(
                walk.clock - start, walk.compute, walk.transfer, peaks.known(walk.node())));
      }
    }
  }

  @Override
  protected Optional<TensorMap> memory(NodeId device, String key) {
    return Optional.ofNullable(shared.memories.get(device, key));
  }

  @Override
  protected long charged(long peak) {
    measured.putIfAbsent(COORDINATOR, peak);
    return Objects.requireNonNull(measured.get(COORDINATOR));
  }

  @Override
  protected Map<Hop, Integer> takeMessages() {
    return shared.takeCounts();
  }

  @Override
  public Shard pooled() {
    if (!shared.needs(Ability.POOLED_DATA)) {
      throw new IllegalStateException(
          "pooled data: refused (expected: a method that needs POOLED_DATA)");
    }
    return new PooledShard(job.hosts().shards());
  }

  /** Moves the clock by what the coordinator did since the last round ended. */
  @Override
  protected void settle() {
    var walks =
        new Replay(job.hosts()::profile, job.hosts().body())
            .run(List.of(program.trace), virtualSeconds);
    virtualSeconds = walks.getFirst().clock;
    program.trace.clear();
  }
}
