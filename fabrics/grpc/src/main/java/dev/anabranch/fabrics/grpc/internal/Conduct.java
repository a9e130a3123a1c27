package dev.anabranch.fabrics.grpc.internal;

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
import dev.anabranch.core.Visits;
import dev.anabranch.fabrics.grpc.GrpcFabric;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** One run of a method, and what its coordinator's program may do. Of the coordinator's program. */
public final class Conduct<S> extends Party implements Coordinator<S> {
  private final Method<S> method;
  private final RunContext run;
  private final Notes notes;
  private final RoundClock round;
  private final int firstRound;
  private final @Nullable Checkpoint resumed;
  private final CoordinatorMemory memory;
  private final Looks looks;
  private final Watch watch;
  private final VisitBooks costs;
  private RoundPage page = new RoundPage(-1);
  private @Nullable RemoteVisits open;

  /** The round that the coordinator is in; −1 before the first. */
  static final class RoundClock {
    volatile int now = -1;
  }

  /** A run that begins, or goes on from its last checkpoint. */
  public static <S> Conduct<S> of(
      Method<S> method, Job job, GrpcFabric.Settings settings, Hub hub) {
    var resumed = job.records().checkpoints().last().orElse(null);
    var notes = resumed == null ? new Notes() : Notes.read(resumed.notes());
    var board = new Board();
    var clock = new AwakeClock();
    long began = System.nanoTime();
    double before = notes.wallSeconds;
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
            new Books(resumed == null ? Books.NOTHING : Books.read(resumed.notes())),
            board,
            roll,
            hub,
            clock,
            () -> before + (System.nanoTime() - began) / 1e9,
            settings.spool(),
            settings.deadline().toMillis() / 1000.0);
    return new Conduct<>(method, run, notes, new RoundClock(), resumed);
  }

  private Conduct(
      Method<S> method,
      RunContext run,
      Notes notes,
      RoundClock round,
      @Nullable Checkpoint resumed) {
    super(
        NodeId.COORDINATOR,
        run.job(),
        run.use(),
        new Meter(
            run.job().engine().lanes(),
            new ReentrantReadWriteLock(true),
            (work, nanos, macs) ->
                run.books()
                    .charge(new Charge.Compute(NodeId.COORDINATOR, round.now, work, nanos, macs)),
            run.board()::check,
            notes.peak < 0));
    this.method = method;
    this.run = run;
    this.notes = notes;
    this.round = round;
    this.resumed = resumed;
    firstRound = resumed == null ? 0 : resumed.nextRound();
    memory =
        new CoordinatorMemory(
            resumed == null
                ? Map.of()
                : resumed.memories().getOrDefault(NodeId.COORDINATOR, Map.of()));
    costs = new VisitBooks(run.books(), notes);
    looks = new Looks(run);
    watch = new Watch(run);
  }

  /** Who plays this run; it hears of agents from now on. */
  public Roll roll() {
    return run.roll();
  }

  /** Runs to the end; the failure of any program ends the run. */
  public Outcome run() {
    watch.start();
    var board = run.board();
    var reason = "failed";
    try {
      S state = method.coordinate(this, first());
      board.check();
      var outcome = finish(state);
      reason = "";
      return outcome;
    } catch (Stopped e) {
      throw failed(
          Objects.requireNonNullElseGet(
              board.failure(), () -> new AnabranchException(Failure.PROGRAM, "run: stopped", e)));
    } catch (AnabranchException e) {
      throw failed(Objects.requireNonNullElse(board.failure(), e));
    } catch (RuntimeException e) {
      throw failed(
          Objects.requireNonNullElseGet(
              board.failure(),
              () ->
                  new AnabranchException(
                      Failure.PROGRAM,
                      "coordinator in round "
                          + round.now
                          + ": "
                          + e
                          + " (expected: a program that ends well)",
                      e)));
    } finally {
      closeModel();
      watch.end();
      run.roll().close(reason);
    }
  }

  /** Tells whoever watches; the failure itself counts, whatever the log says to that. */
  private AnabranchException failed(AnabranchException e) {
    try {
      run.live(
          "end", notes.rounds - 1, "state", "failed", "reason", String.valueOf(e.getMessage()));
    } catch (AnabranchException log) {
      e.addSuppressed(log);
    }
    return e;
  }

  private S first() {
    if (resumed == null) {
      assigned();
      return method.begin(new Initial());
    }
    var state = method.state().decode(resumed.state().open(), Memory.NONE);
    job.records().log().append("checkpoint", firstRound - 1, Map.of("nextRound", firstRound));
    run.live(
        "resumed",
        firstRound,
        "reason",
        "the coordinator was started again; it goes on from its last checkpoint");
    assigned();
    return state;
  }

  private void assigned() {
    run.roll()
        .eachDevice((device, agent) -> run.live("assign", -1, "device", device, "agent", agent));
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
                try (var model = engine.open(use, holder, initSeed(job))) {
                  return part.apply(model).copy();
                }
              },
              false)
          .value();
    }
  }

  private Outcome finish(S state) {
    if (job.scoring().every() >= 0 && (notes.scored < notes.rounds || notes.rounds == 0)) {
      score(state, notes.rounds);
    }
    turnPage(round.now);
    var trained = method.result(state, new Look(notes.rounds - 1));
    run.live("end", notes.rounds - 1, "state", "ended", "lost", notes.lost);
    VisitFolder.delete(run.spool());
    return new Outcome(
        trained,
        notes.last,
        run.books().totals(),
        0,
        run.wall().seconds(),
        notes.lost,
        notes.rounds,
        notes.more);
  }

  @Override
  int currentRound() {
    return round.now;
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
    turnPage(round);
    run.live("round", round, "cohort", cohort.stream().map(NodeId::index).toList());
    open = new RemoteVisits(run, watch, memory, round, cohort, notes.memories, this::closed);
    return open;
  }

  /** Real memory is measured by agents, which know what they do. */
  @Override
  public Visits invite(int round, Collection<NodeId> devices, Function<NodeId, String> work) {
    return invite(round, devices);
  }

  /** All visits have ended: keeps what they left and books what they cost. */
  private void closed(RemoteVisits visits) {
    open = null;
    memory.commit();
    for (var visit : visits.visits) {
      var reason = visit.lost();
      costs.book(visit);
      if (reason == null) {
        page.visit(visit);
        visits.cost(visit.device, VisitBooks.cost(visit));
      } else {
        notes.lost++;
        page.lost(visit.device, reason);
      }
      job.records().progress().visit(visit.round, visit.device, reason != null);
    }
    notes.rounds = Math.max(notes.rounds, visits.round + 1);
  }

  @Override
  public void checkpoint(int nextRound, S state) {
    refuseWhileOpen("checkpoint");
    notes.rounds = Math.max(notes.rounds, nextRound);
    int every = job.scoring().every();
    if (every > 0 && nextRound % every == 0) {
      score(state, nextRound);
    }
    turnPage(round.now);
    try (var wire = Messages.encode(method.state(), state, Memory.NONE)) {
      var memories = new TreeMap<NodeId, Map<String, TensorMap>>();
      if (!memory.all().isEmpty()) {
        memories.put(NodeId.COORDINATOR, memory.all());
      }
      job.records()
          .checkpoints()
          .save(
              new Checkpoint(
                  nextRound, wire, memories, notes.write(run.books(), run.wall().seconds())));
    }
    VisitFolder.forgetBefore(run.spool(), nextRound);
    job.records().log().append("checkpoint", nextRound - 1, Map.of("nextRound", nextRound));
    job.records()
        .progress()
        .round(
            nextRound - 1,
            notes.scored == 0 ? Double.NaN : notes.last.accuracy(),
            run.books().totals().total(),
            run.wall().seconds());
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
      var version = notes.memories.get(RemoteVisits.memoryName(device, device));
      return version == null
          ? Optional.empty()
          : looks.memory(device, key, version, reason -> away(device, reason));
    }

    /** What it has is missing in what is measured, and in what is made of it. */
    private void away(NodeId device, String reason) {
      notes.lost++;
      run.live("lost", round, "device", device.index(), "reason", reason);
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
    return use.partition().heldBy(NodeId.Role.COORDINATOR).isEmpty()
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
    return new CountedBox(large, run.books(), () -> round.now);
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
    throw new IllegalStateException("pooled data: refused (expected: a fabric with POOLED_DATA)");
  }

  /** Writes what has happened since the last call, and begins a page for a round. */
  private void turnPage(int next) {
    if (meter.used()) {
      notes.peak = Math.max(notes.peak, peak());
      run.books().charge(new Charge.Peak(id(), round.now, notes.peak));
      meter.restart(false);
    }
    page.write(job.records().log(), run.books().charges(), costs.takeMessages());
    run.books().settle();
    round.now = next;
    page = new RoundPage(next);
  }
}
