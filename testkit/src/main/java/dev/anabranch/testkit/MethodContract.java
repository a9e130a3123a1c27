package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Fabric;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Link;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * What every method keeps to, on any fabric: its result does not depend on threads, an interrupted
 * run goes on to the same end, frozen weights stay as they are, and neither a lost device nor one
 * that sends something else ends a run. A subclass names method and fabric; the method should run
 * at least two rounds with at least two devices a round.
 */
public abstract class MethodContract {
  /** The method, always the same. */
  protected abstract Method<?> method();

  /** A fabric with so many resident visits, whose links are wrapped. */
  protected abstract Fabric fabric(int resident, UnaryOperator<Link> links);

  /** How many devices there are. */
  protected int devices() {
    return 5;
  }

  /** The engine's shape; the default has four layers of width 6. */
  protected ToyEngine engine(int lanes) {
    return ToyEngine.small(lanes);
  }

  /** Other settings of the job. */
  protected ToyJob configure(ToyJob job) {
    return job;
  }

  private Outcome run(ToyJob job, int resident) {
    return run(job, resident, new AssertingLinks());
  }

  private Outcome run(ToyJob job, int resident, UnaryOperator<Link> links) {
    var method = method();
    return fabric(resident, links)
        .run(method, configure(job).job(method.use(job.engine().facts())));
  }

  private ToyJob job(ToyEngine engine) {
    return ToyJob.of(engine, devices());
  }

  private static void assertSame(Outcome actual, Outcome expected) {
    assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
    assertThat(actual.totals()).isEqualTo(expected.totals());
    assertThat(actual.last()).isEqualTo(expected.last());
    assertThat(actual.virtualSeconds()).isEqualTo(expected.virtualSeconds());
    assertThat(actual.lost()).isEqualTo(expected.lost());
    assertThat(actual.rounds()).isEqualTo(expected.rounds());
  }

  @Test
  void result_isTheSameOnAnyNumberOfLanes() {
    Outcome first;
    List<MemoryLog.Line> lines;
    try (var engine = engine(1)) {
      var log = new MemoryLog();
      first = run(job(engine).withLog(log), 1);
      lines = log.timeless();
    }
    assertThat(lines).isNotEmpty();
    for (int lanes : new int[] {2, 4}) {
      try (var engine = engine(lanes)) {
        var log = new MemoryLog();
        assertSame(run(job(engine).withLog(log), lanes), first);
        assertThat(log.timeless()).isEqualTo(lines);
      }
    }
  }

  @Test
  void interruptedAfterAnyCheckpoint_resumesToTheSameEnd() {
    try (var engine = engine(2)) {
      var whole = new MemoryCheckpoints();
      var expected = run(job(engine).withCheckpoints(whole), 2);
      assertThat(whole.rounds()).isNotEmpty();
      for (int round : whole.rounds()) {
        var crashing = MemoryCheckpoints.crashingBefore(round);
        assertThatThrownBy(() -> run(job(engine).withCheckpoints(crashing), 2))
            .isInstanceOf(MemoryCheckpoints.Crash.class);
        assertSame(run(job(engine).withCheckpoints(crashing.repaired()), 2), expected);
      }
    }
  }

  @Test
  void frozenWeights_stayAsTheyAre() {
    try (var engine = engine(2)) {
      var before = engine.frozenSha256();
      run(job(engine), 2);
      assertThat(engine.frozenSha256()).isEqualTo(before);
    }
  }

  @Test
  void lostDevice_doesNotEndTheRun() {
    try (var engine = engine(2)) {
      var log = new MemoryLog();
      run(job(engine).withLog(log), 2);
      if (log.of("round").isEmpty()) { // a method that invites nobody has nobody to lose
        assertThat(log.of("visit")).isEmpty();
        return;
      }
      var round = log.of("round").getFirst();
      var cohort = (List<?>) Objects.requireNonNull(round.fields().get("cohort"));
      int device = (Integer) cohort.getFirst();
      var faults = new Faults(0, List.of(new Faults.Visit(device, round.round())), Set.of());
      var outcome = run(job(engine).withFaults(faults), 2);
      assertThat(outcome.lost()).isPositive();
      assertThat(outcome.trained().isFinite()).isTrue();
    }
  }

  @Test
  void deviceThatSendsOtherTensors_isRefused_andDoesNotEndTheRun() {
    try (var engine = engine(2)) {
      var sound = new ForeignMessages(null);
      run(job(engine), 2, sound);
      for (var topic : sound.topics()) {
        var log = new MemoryLog();
        var outcome = run(job(engine).withLog(log), 2, new ForeignMessages(topic));
        assertThat(outcome.trained().isFinite()).isTrue();
        assertThat(log.of("lost"))
            .as(topic)
            .isNotEmpty()
            .first()
            .satisfies(line ->
                assertThat(String.valueOf(line.fields().get("reason")))
                    .contains("'foreign' [2] (expected: "));
      }
    }
  }
}
