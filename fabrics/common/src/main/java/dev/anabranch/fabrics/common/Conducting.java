package dev.anabranch.fabrics.common;

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
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Roster;
import dev.anabranch.core.Shard;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Visits;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * One run of a method, and what its coordinator's program may do, as far as it does not matter
 * where the other programs run. Of the coordinator's program.
 */
public abstract non-sealed class Conducting<S> extends Party implements Coordinator<S> {
  protected final Method<S> method;
  protected final RoundClock round;
  protected final Books books;
  protected final Notes notes;

  /** Of the coordinator's ends of links. */
  protected final StagedMemory memory;

  private final @Nullable Checkpoint resumed;
  private final int firstRound;
  private final Memories memories;
  private final WallClock wall;
  private RoundPage page = new RoundPage(-1);
  private @Nullable RoundVisits<?, ?> open;

  /**
   * @param meter of the coordinator's program
   * @param round turned by this run
   */
  protected Conducting(
      Method<S> method, Job job, ModelUse use, Meter meter, RoundClock round, Start start) {
    super(NodeId.COORDINATOR, job, use, meter);
    this.method = method;
    this.round = round;
    books = start.books();
    notes = start.notes();
    wall = start.wall();
    memories = start.memories();
    memory = memories.open(NodeId.COORDINATOR);
    resumed = start.last();
    firstRound = start.firstRound();
  }

  /** The run begins. */
  protected abstract void begins();

  /** The programs of the first round may begin: the state is there, or is made now. */
  protected void enters(boolean again) {}

  /** Throws {@link Stopped} if the run has failed elsewhere. */
  protected abstract void check();

  /** Why the run has failed elsewhere; null if it has not. */
  protected abstract @Nullable AnabranchException failure();

  /** Writes the run's last line: it has ended well. */
  protected abstract void writeEnd(double wallSeconds);

  /** The run fails with this. */
  protected void failed(AnabranchException e) {}

  /**
   * The run is over.
   *
   * @param well whether it has ended well
   */
  protected abstract void over(boolean well);

  /** Brings the fabric's clock up to what the coordinator has done. */
  protected void settle() {}

  /** Seconds of the run by the fabric's clock. */
  protected abstract double seconds();

  /** Seconds by a virtual clock; 0 if there is none. */
  protected abstract double virtualSeconds();

  /** Makes the visits of a round and starts them; {@link #page} is the round's. */
  protected abstract RoundVisits<?, ?> visit(
      int round, List<NodeId> cohort, Function<NodeId, String> work);

  /** What a device keeps under a key, for measurements. */
  protected abstract Optional<TensorMap> memory(NodeId device, String key);

  /** What the coordinator's work is charged, where it came to this many native bytes. */
  protected abstract long charged(long peak);

  /** How many messages of each kind there were since the last call. */
  protected abstract Map<Hop, Integer> takeMessages();

  /** Adds what this fabric alone knows to a checkpoint's notes. */
  protected abstract void note(Map<String, String> notes);

  /** A checkpoint has been made durable. */
  protected void saved(int nextRound) {}

  /** The lines of the round that is under way. */
  protected final RoundPage page() {
    return page;
  }

  protected final WallClock wall() {
    return wall;
  }

  /** What this process keeps of the parties. */
  protected final Memories memories() {
    return memories;
  }

  /**
   * Runs to the end. A failure of the coordinator's program ends the run, and one of another
   * program where the fabric does not take it as a lost visit.
   */
  public final Outcome run() {
    boolean well = false;
    begins();
    try {
      S state = method.coordinate(this, first());
      check();
      var outcome = finish(state);
      well = true;
      return outcome;
    } catch (Stopped e) {
      throw told(
          Objects.requireNonNullElseGet(
              failure(), () -> new AnabranchException(Failure.PROGRAM, "run: stopped", e)));
    } catch (AnabranchException e) {
      throw told(Objects.requireNonNullElse(failure(), e));
    } catch (RuntimeException e) {
      throw told(
          Objects.requireNonNullElseGet(
              failure(),
              () ->
                  new AnabranchException(
                      Failure.PROGRAM,
                      "coordinator in round "
                          + round.now()
                          + ": "
                          + e
                          + " (expected: a program that ends well)",
                      e)));
    } finally {
      closeModel();
      over(well);
    }
  }

  private AnabranchException told(AnabranchException e) {
    failed(e);
    return e;
  }

  private S first() {
    if (resumed == null) {
      enters(false);
      return method.begin(new InitialState(job.engine(), use, initSeed(job)));
    }
    var state = method.state().decode(resumed.state().open(), Memory.NONE);
    job.records().log().append("checkpoint", firstRound - 1, Map.of("nextRound", firstRound));
    enters(true);
    return state;
  }

  private Outcome finish(S state) {
    settle();
    if (job.scoring().every() >= 0 && (notes.scored < notes.rounds || notes.rounds == 0)) {
      score(state, notes.rounds);
    }
    turnPage(round.now());
    var trained = method.result(state, new Look(notes.rounds - 1));
    double wallSeconds = wall.seconds();
    writeEnd(wallSeconds);
    return new Outcome(
        trained,
        notes.last,
        books.totals(),
        virtualSeconds(),
        wallSeconds,
        notes.lost,
        notes.rounds,
        notes.more);
  }

  @Override
  final int currentRound() {
    return round.now();
  }

  @Override
  public final Roster roster() {
    var devices = IntStream.range(0, job.hosts().shards().size()).mapToObj(NodeId::device).toList();
    return () -> devices;
  }

  @Override
  public final int firstRound() {
    return firstRound;
  }

  @Override
  public final DeviceProfile profile(NodeId device) {
    return job.hosts().profile(device.index());
  }

  private void refuseWhileOpen(String what) {
    if (open != null) {
      throw new IllegalStateException(
          what + ": the visits of round " + open.round() + " are open (expected: closed)");
    }
  }

  @Override
  public final Visits invite(int round, Collection<NodeId> devices) {
    return invite(round, devices, device -> "");
  }

  @Override
  public final Visits invite(int round, Collection<NodeId> devices, Function<NodeId, String> work) {
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
    settle();
    turnPage(round);
    var visits = visit(round, cohort, work);
    open = visits;
    return visits;
  }

  /** All programs of the round have ended: keeps what the coordinator remembers of it. */
  protected final void closed(RoundVisits<?, ?> visits) {
    open = null;
    memories.commit(NodeId.COORDINATOR, memory);
    for (var visit : visits.visits()) {
      var reason = visit.lost();
      if (reason != null) {
        notes.lost++;
        page.lost(visit.device(), reason);
      }
      job.records().progress().visit(visits.round(), visit.device(), reason != null);
    }
    notes.rounds = Math.max(notes.rounds, visits.round() + 1);
  }

  @Override
  public final void checkpoint(int nextRound, S state) {
    refuseWhileOpen("checkpoint");
    settle();
    notes.rounds = Math.max(notes.rounds, nextRound);
    int every = job.scoring().every();
    if (every > 0 && nextRound % every == 0) {
      score(state, nextRound);
    }
    turnPage(round.now());
    try (var wire = Messages.encode(method.state(), state, Memory.NONE)) {
      var noted = notes.write(books, wall.seconds());
      note(noted);
      job.records().checkpoints().save(new Checkpoint(nextRound, wire, memories.all(), noted));
    }
    saved(nextRound);
    job.records().log().append("checkpoint", nextRound - 1, Map.of("nextRound", nextRound));
    job.records()
        .progress()
        .round(
            nextRound - 1,
            notes.scored == 0 ? Double.NaN : notes.last.accuracy(),
            books.totals().total(),
            seconds());
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
      return Conducting.this.memory(device, key);
    }

    @Override
    public Metrics evaluate(TensorMap trained, Map<String, TensorMap> beside) {
      var measured = job.scoring().evaluation().measure(trained, beside, Conducting.this::check);
      more = measured.more();
      return measured.metrics();
    }

    @Override
    public void score(Metrics metrics) {
      Conducting.this.score(round, metrics);
      more.forEach(this::report);
      notes.more.putAll(more);
    }

    @Override
    public void report(String metric, double value) {
      Conducting.this.report(round, metric, value);
    }
  }

  @Override
  public final void score(int round, Metrics metrics) {
    notes.last = metrics;
    notes.scored = round + 1;
    page.metric(round, "accuracy", metrics.accuracy());
    page.metric(round, "loss", metrics.loss());
    page.metric(round, "standardError", metrics.standardError());
  }

  @Override
  public final void report(int round, String metric, double value) {
    page.metric(round, metric, value);
  }

  @Override
  public final Model model() {
    return openModel();
  }

  @Override
  final NodeId.Role holder() {
    return use.partition().heldBy(NodeId.Role.COORDINATOR).isEmpty()
        ? NodeId.Role.DEVICE
        : NodeId.Role.COORDINATOR;
  }

  @Override
  public final BlackBox large() {
    var large = job.beside().large();
    if (large == null) {
      throw AnabranchException.expected(
          Failure.PLAN, "method." + method.card().name() + ".large", "not given", "a model");
    }
    return new CountedBox(large, books, round);
  }

  @Override
  public final Shard publicText() {
    var text = job.beside().publicText();
    if (text == null || text.size() == 0) {
      throw AnabranchException.expected(
          Failure.PLAN, "data.public", "none", "texts that belong to no device");
    }
    return text;
  }

  /** Writes what has happened since the last call, and begins a page for a round. */
  private void turnPage(int next) {
    if (worked()) {
      books.charge(new Charge.Peak(id(), round.now(), charged(peak())));
      meter.restart(false);
    }
    page.write(job.records().log(), books.charges(), takeMessages());
    books.settle();
    round.turn(next);
    page = new RoundPage(next);
  }
}
