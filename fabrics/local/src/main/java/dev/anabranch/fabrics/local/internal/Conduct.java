package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Books;
import dev.anabranch.core.Charge;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Instruments;
import dev.anabranch.core.Job;
import dev.anabranch.core.Link;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Roster;
import dev.anabranch.core.Setup;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Trainable;
import dev.anabranch.core.VisitCost;
import dev.anabranch.core.Visits;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One run of a method, and what its coordinator's program may do. Of the coordinator's program. */
public final class Conduct<S> extends Party implements Coordinator<S> {
  private static final String COORDINATOR = "coordinator";

  private final Method<S> method;
  private final Job job;
  private final Notes notes;
  private final int firstRound;
  private final @Nullable Checkpoint resumed;
  private RoundPage page = new RoundPage(-1);
  private @Nullable LocalVisits open;
  private final Memories.Staged memory;
  private final Peaks peaks;
  private final long began = System.nanoTime();

  public Conduct(
      Method<S> method, Job job, int resident, int measuredFrom, UnaryOperator<Link> wrap) {
    this(
        method, job, resident, measuredFrom, wrap, job.records().checkpoints().last().orElse(null));
  }

  private Conduct(
      Method<S> method,
      Job job,
      int resident,
      int measuredFrom,
      UnaryOperator<Link> wrap,
      @Nullable Checkpoint resumed) {
    this(
        method,
        new Shared(
            job,
            method,
            new Books(resumed == null ? Books.NOTHING : Books.read(resumed.notes())),
            new Memories(resumed == null ? Map.of() : resumed.memories()),
            resident,
            wrap),
        measuredFrom,
        resumed);
  }

  private Conduct(Method<S> method, Shared shared, int measuredFrom, @Nullable Checkpoint resumed) {
    this(
        method,
        shared,
        measuredFrom,
        resumed,
        shared.board.program(new Trace(NodeId.COORDINATOR, null), false));
  }

  private Conduct(
      Method<S> method,
      Shared shared,
      int measuredFrom,
      @Nullable Checkpoint resumed,
      Program program) {
    super(shared, program, new Meter(shared, program, () -> shared.round, false));
    this.method = method;
    this.job = shared.job;
    this.resumed = resumed;
    notes = resumed == null ? new Notes() : Notes.read(resumed.notes());
    firstRound = resumed == null ? 0 : resumed.nextRound();
    memory = shared.memories.open(NodeId.COORDINATOR);
    peaks = new Peaks(shared, notes.peaks, measuredFrom);
    meter.restart(!notes.peaks.containsKey(COORDINATOR));
  }

  /** Runs to the end; the failure of any program ends the run. */
  public Outcome run() {
    shared.board.begins(program);
    try {
      S state = method.coordinate(this, first());
      shared.board.check();
      return finish(state);
    } catch (Stopped e) {
      throw Objects.requireNonNullElseGet(
          shared.board.failure(), () -> new AnabranchException(Failure.PROGRAM, "run: stopped", e));
    } catch (AnabranchException e) {
      throw Objects.requireNonNullElse(shared.board.failure(), e);
    } catch (RuntimeException e) {
      throw Objects.requireNonNullElseGet(
          shared.board.failure(),
          () ->
              new AnabranchException(
                  Failure.PROGRAM,
                  "coordinator in round "
                      + shared.round
                      + ": "
                      + e
                      + " (expected: a program that ends well)",
                  e));
    } finally {
      closeModel();
      shared.board.ended(program);
    }
  }

  private S first() {
    if (resumed == null) {
      return method.begin(new Initial());
    }
    var state = method.state().decode(resumed.state().open(), Memory.NONE);
    job.records().log().append("checkpoint", firstRound - 1, Map.of("nextRound", firstRound));
    return state;
  }

  /** What the first state is made of. */
  private final class Initial implements Setup {
    @Override
    public ModelFacts model() {
      return job.engine().facts();
    }

    @Override
    public TensorMap initialTrainable(NodeId.Role holder) {
      return copied(holder, Model::trainable);
    }

    @Override
    public TensorMap initialTrainable(NodeId.Role holder, String segment) {
      return copied(holder, model -> model.trainable(segment));
    }

    private TensorMap copied(NodeId.Role holder, Function<Model, Trainable> part) {
      var engine = job.engine();
      return engine
          .lanes()
          .run(
              () -> {
                try (var model = engine.open(shared.use, holder, shared.initSeed)) {
                  return part.apply(model).copy();
                }
              },
              false)
          .value();
    }
  }

  private Outcome finish(S state) {
    settleClock();
    if (job.scoring().every() >= 0 && (notes.scored < notes.rounds || notes.rounds == 0)) {
      score(state, notes.rounds);
    }
    turnPage(shared.round);
    var trained = method.result(state, new Look(notes.rounds - 1));
    var fields = new LinkedHashMap<String, Object>();
    fields.put("virtualSeconds", notes.virtualSeconds);
    double wallSeconds = wallSeconds();
    fields.put("wallSeconds", wallSeconds);
    fields.put("lost", notes.lost);
    job.records().log().append("end", notes.rounds - 1, fields);
    return new Outcome(
        trained,
        notes.last,
        shared.books.totals(),
        notes.virtualSeconds,
        wallSeconds,
        notes.lost,
        notes.rounds,
        notes.more);
  }

  /** Of this process and, if the run was resumed, of those before. */
  private double wallSeconds() {
    return notes.wallSeconds + (System.nanoTime() - began) / 1e9;
  }

  Program program() {
    return program;
  }

  @Override
  int currentRound() {
    return shared.round;
  }

  @Override
  public Roster roster() {
    var devices = IntStream.range(0, job.hosts().shards().size()).mapToObj(NodeId::device).toList();
    return () -> devices;
  }

  @Override
  public int firstRound() {
    return firstRound;
  }

  @Override
  public DeviceProfile profile(NodeId device) {
    return job.hosts().profile(device.index());
  }

  private void refuseWhileOpen(String what) {
    if (open != null) {
      throw new IllegalStateException(
          what + ": the visits of round " + open.round + " are open (expected: closed)");
    }
  }

  @Override
  public Visits invite(int round, Collection<NodeId> devices) {
    return invite(round, devices, device -> "");
  }

  @Override
  public Visits invite(int round, Collection<NodeId> devices, Function<NodeId, String> work) {
    refuseWhileOpen("invite");
    var cohort = devices.stream().sorted().distinct().toList();
    for (var device : cohort) {
      if (device.role() != NodeId.Role.DEVICE
          || device.index() < 0
          || device.index() >= job.hosts().shards().size()) {
        throw new IllegalArgumentException(
            "invite: "
                + device
                + " (expected: device 0 to device "
                + (job.hosts().shards().size() - 1)
                + ")");
      }
    }
    settleClock();
    turnPage(round);
    page.begins(cohort, notes.virtualSeconds);
    open =
        new LocalVisits(
            this,
            shared,
            program,
            memory,
            round,
            cohort,
            peaks.watched(round, cohort, work),
            peaks.watchesBody(round));
    return open;
  }

  /** All programs of these visits have ended: keeps what they left and reckons what they cost. */
  void closed(LocalVisits visits) {
    open = null;
    var traces = new ArrayList<Trace>();
    traces.add(program.trace);
    visits.visits.forEach(v -> traces.addAll(v.traces()));
    double start = notes.virtualSeconds;
    var walks = new Replay(job.hosts()::profile, job.hosts().body()).run(traces, start);
    for (var walk : walks) {
      notes.virtualSeconds = Math.max(notes.virtualSeconds, walk.clock);
      if (walk.node().role() == NodeId.Role.DEVICE) {
        page.visit(walk.node(), start, walk);
      }
    }
    program.trace.clear();
    memory.commit();
    for (var visit : visits.visits) {
      var reason = visit.lost();
      if (reason == null) {
        visit.commit();
      } else {
        notes.lost++;
        page.lost(visit.device, reason);
      }
      job.records().progress().visit(visit.round, visit.device, reason != null);
      if (visit.deviceParty.opened() && notes.installed.add(visit.device.index())) {
        shared.books.charge(
            new Charge.Install(visit.device, visit.round, visit.deviceParty.frozenBytes()));
      }
    }
    peaks.charge(visits);
    costs(visits, walks, start);
    notes.rounds = Math.max(notes.rounds, visits.round + 1);
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
  public void checkpoint(int nextRound, S state) {
    refuseWhileOpen("checkpoint");
    settleClock();
    notes.rounds = Math.max(notes.rounds, nextRound);
    int every = job.scoring().every();
    if (every > 0 && nextRound % every == 0) {
      score(state, nextRound);
    }
    turnPage(shared.round);
    try (var wire = LocalLink.encode(method.state(), state, Memory.NONE)) {
      job.records()
          .checkpoints()
          .save(
              new Checkpoint(
                  nextRound,
                  wire,
                  shared.memories.all(),
                  notes.write(shared.books, wallSeconds())));
    }
    job.records().log().append("checkpoint", nextRound - 1, Map.of("nextRound", nextRound));
    var totals = shared.books.totals();
    job.records()
        .progress()
        .round(
            nextRound - 1,
            notes.scored == 0 ? Double.NaN : notes.last.accuracy(),
            totals.total(),
            notes.virtualSeconds);
  }

  /** Scores the state after {@code rounds} rounds. */
  private void score(S state, int rounds) {
    method.measure(state, new Look(rounds - 1));
  }

  /** The run as measurements see it after a round. */
  private final class Look implements Instruments {
    private final int round;

    /** What instruments said beside the last evaluation. */
    private Map<String, Double> more = Map.of();

    Look(int round) {
      this.round = round;
    }

    @Override
    public int round() {
      return round;
    }

    @Override
    public List<NodeId> devices() {
      return roster().devices();
    }

    @Override
    public Optional<TensorMap> memory(NodeId device, String key) {
      return Optional.ofNullable(shared.memories.get(device, key));
    }

    @Override
    public Metrics evaluate(TensorMap trained, Map<String, TensorMap> beside) {
      var measured = job.scoring().evaluation().measure(trained, beside);
      more = measured.more();
      return measured.metrics();
    }

    @Override
    public void score(Metrics metrics) {
      Conduct.this.score(round, metrics);
      more.forEach(this::report);
      notes.more.putAll(more);
    }

    @Override
    public void report(String metric, double value) {
      Conduct.this.report(round, metric, value);
    }
  }

  @Override
  public void score(int round, Metrics metrics) {
    notes.last = metrics;
    notes.scored = round + 1;
    page.metric(round, "accuracy", metrics.accuracy());
    page.metric(round, "loss", metrics.loss());
    page.metric(round, "standardError", metrics.standardError());
  }

  @Override
  public void report(int round, String metric, double value) {
    page.metric(round, metric, value);
  }

  @Override
  public Model model() {
    return openModel();
  }

  @Override
  NodeId.Role holder() {
    return shared.use.partition().heldBy(NodeId.Role.COORDINATOR).isEmpty()
        ? NodeId.Role.DEVICE
        : NodeId.Role.COORDINATOR;
  }

  @Override
  public BlackBox large() {
    var large = job.beside().large();
    if (large == null) {
      throw AnabranchException.expected(
          Failure.PLAN, "method." + method.card().name() + ".large", "not given", "a model");
    }
    return new CountedBox(large, shared, id());
  }

  @Override
  public Shard publicText() {
    var text = job.beside().publicText();
    if (text == null || text.size() == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "data.public", "none", "texts that belong to no device");
    }
    return text;
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
  private void settleClock() {
    var walks =
        new Replay(job.hosts()::profile, job.hosts().body())
            .run(List.of(program.trace), notes.virtualSeconds);
    notes.virtualSeconds = walks.getFirst().clock;
    program.trace.clear();
  }

  /** Writes what has happened since the last call, and begins a page for a round. */
  private void turnPage(int round) {
    if (meter.used()) {
      notes.peaks.putIfAbsent(COORDINATOR, peak());
      shared.books.charge(
          new Charge.Peak(
              id(), shared.round, Objects.requireNonNull(notes.peaks.get(COORDINATOR))));
      meter.restart(false);
    }
    page.write(job.records().log(), shared.books.charges(), shared.takeCounts());
    shared.books.settle();
    shared.round = round;
    page = new RoundPage(round);
  }
}
