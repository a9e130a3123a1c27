package dev.anabranch.fabrics.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Device;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Instrument;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Shard;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.Gossip;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.Star;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whatever dies and is started again: the result is that of the undisturbed run. */
@Timeout(60)
class FaultsIT {
  private static final int DEVICES = 5;

  @TempDir private Path folder;

  private static Outcome undisturbed(Method<?> method) {
    try (var engine = ToyEngine.small(2)) {
      return new LocalFabric(2)
          .run(method, ToyJob.of(engine, DEVICES).job(method.use(engine.facts())));
    }
  }

  /** Does something once, at the beginning of a program. */
  private static <P> Consumer<P> once(Consumer<P> program, Predicate<P> when, Runnable fault) {
    var done = new AtomicBoolean();
    return me -> {
      if (when.test(me) && done.compareAndSet(false, true)) {
        fault.run();
      }
      program.accept(me);
    };
  }

  private static Programs with(Programs method, Consumer<Device> device, Consumer<BodyHost> body) {
    return new Programs(method.needs(), method.coordinator(), device, body);
  }

  private void same(Programs method, Programs disturbed, Federation federation, MemoryLog log) {
    var expected = undisturbed(method);
    try (var engine = ToyEngine.small(2)) {
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      var actual = federation.fabric().run(disturbed, job);
      assertThat(log.of("lost")).isEmpty();
      assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
      assertThat(actual.last()).isEqualTo(expected.last());
    }
  }

  private static List<Object> broken(MemoryLog log) {
    return log.of("attempt").stream()
        .filter(line -> "broken".equals(line.fields().get("state")))
        .<Object>map(line -> line.fields().get("device"))
        .toList();
  }

  @Test
  void deviceThatDiesInAVisit_isVisitedAgain_withTheMemoryItHad() {
    var log = new MemoryLog();
    try (var federation = new Federation(folder, 3, Duration.ofSeconds(30))) {
      var method = Remembering.method(4);
      var device =
          once(
              method.device(),
              (Device me) -> me.id().index() == 2 && me.round() == 2,
              () -> {
                federation.kill("device-2");
                federation.start("device-2");
              });
      same(method, with(method, device, method.body()), federation, log);
    }
    assertThat(broken(log)).contains(2);
  }

  @Test
  void bodyThatDies_takesAllVisitsUpAgain() {
    var log = new MemoryLog();
    try (var federation = new Federation(folder, 3, Duration.ofSeconds(30))) {
      var method = Split.method(2);
      var body =
          once(
              method.body(),
              (BodyHost me) -> me.round() == 1,
              () -> {
                federation.kill("body");
                federation.start("body");
              });
      same(method, with(method, method.device(), body), federation, log);
    }
    assertThat(broken(log)).isNotEmpty();
  }

  @Test
  void agentThatDies_takesAllVisitsOfAGossipRoundUpAgain() {
    var log = new MemoryLog();
    try (var federation = new Federation(folder, DEVICES, Duration.ofSeconds(30))) {
      var method = Gossip.method(2);
      var device =
          once(
              method.device(),
              (Device me) -> me.id().index() == 3 && me.round() == 1,
              () -> {
                federation.kill("device-3");
                federation.start("device-3");
              });
      same(method, with(method, device, method.body()), federation, log);
    }
    assertThat(broken(log)).hasSize(DEVICES);
  }

  /** A log that does something once, when a line is written. */
  private record Tripwire(MemoryLog log, Predicate<MemoryLog.Line> when, CompletableFuture<?> trip)
      implements RunLog {
    @Override
    public void append(String kind, int round, Map<String, ?> fields) {
      log.append(kind, round, fields);
      if (when.test(new MemoryLog.Line(kind, round, new LinkedHashMap<>(fields)))) {
        trip.complete(null);
      }
    }
  }

  @Test
  void coordinatorThatDiesInARound_goesOn_withoutAskingForWhatItHas() {
    var method = Remembering.method(4);
    var expected = undisturbed(method);
    var log = new MemoryLog();
    var trip = new CompletableFuture<Void>();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 3, Duration.ofSeconds(30))) {
      var wire =
          new Tripwire(
              log,
              line ->
                  line.round() == 2
                      && "whole".equals(line.fields().get("state"))
                      && Integer.valueOf(0).equals(line.fields().get("device")),
              trip);
      var job = ToyJob.of(engine, DEVICES).withLog(wire).job(method.use(engine.facts()));
      // The last device of round 2 waits until the coordinator has died.
      var fault =
          trip.orTimeout(30, TimeUnit.SECONDS).thenRunAsync(federation::stopAndRestartCoordinator);
      var device =
          once(
              method.device(), (Device me) -> me.id().index() == 4 && me.round() == 2, fault::join);
      var waiting = with(method, device, method.body());
      federation.wire(waiting, job);
      assertThatThrownBy(() -> federation.grpc("r").run(waiting, job))
          .isInstanceOf(AnabranchException.class)
          .hasMessage("the coordinator is stopped");
      fault.join();
      int before = log.lines().size();
      var actual = federation.grpc("r").run(waiting, job);
      assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
      assertThat(actual.lost()).isZero();
      var after = log.lines().subList(before, log.lines().size());
      assertThat(after).anyMatch(line -> line.kind().equals("resumed"));
      assertThat(after)
          .filteredOn(line -> line.kind().equals("attempt") && line.round() == 2)
          .extracting(line -> line.fields().get("device"))
          .contains(4)
          .doesNotContain(0);
    }
  }

  @Test
  void deviceThatStaysAway_isLost_andTheQuorumDecides() {
    var method = Remembering.method(1);
    var log = new MemoryLog();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, DEVICES, Duration.ofSeconds(2))) {
      // It has attended: within the grace period it may come back, but it is not connected.
      backAgain(federation, "device-2");
      federation.kill("device-2");
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      var outcome = federation.fabric().run(method, job);
      assertThat(outcome.lost()).isEqualTo(1);
    }
    assertThat(log.of("lost")).hasSize(1);
    assertThat(log.of("lost").getFirst().fields())
        .containsEntry("device", 2)
        .containsEntry(
            "reason", "device 2 gave no sign for 2 s (its agent 'device-2' is not connected)");
  }

  /** The reasons for which a device was lost, and the rounds. */
  private static List<String> lost(MemoryLog log, int device) {
    return log.of("lost").stream()
        .filter(line -> Integer.valueOf(device).equals(line.fields().get("device")))
        .map(line -> line.round() + ": " + line.fields().get("reason"))
        .toList();
  }

  private static List<Integer> invited(MemoryLog log, int device) {
    return log.of("attempt").stream()
        .filter(line -> Integer.valueOf(device).equals(line.fields().get("device")))
        .filter(line -> "invited".equals(line.fields().get("state")))
        .map(MemoryLog.Line::round)
        .toList();
  }

  /** Runs a method, and does something while the other devices of a round wait for it. */
  private Outcome runWith(
      Programs method, Federation federation, MemoryLog log, int round, Runnable meanwhile) {
    try (var engine = ToyEngine.small(2)) {
      var done = new CompletableFuture<Void>();
      Consumer<Device> device =
          me -> {
            if (me.round() == round) {
              if (me.id().index() == 0) {
                meanwhile.run();
                done.complete(null);
              }
              done.join();
            }
            method.device().accept(me);
          };
      var waiting = with(method, device, method.body());
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      return federation.fabric().run(waiting, job);
    }
  }

  private static void backAgain(Federation federation, String agent) {
    federation.kill(agent);
    federation.start(agent).join();
  }

  @Test
  void deviceThatStaysAway_isWaitedForOnce_andInvitedAgainWhenItIsBack() {
    var log = new MemoryLog();
    try (var federation = new Federation(folder, DEVICES, Duration.ofSeconds(2))) {
      federation.kill("device-2");
      var outcome =
          runWith(
              Remembering.method(7), federation, log, 4, () -> backAgain(federation, "device-2"));
      assertThat(lost(log, 2))
          .startsWith(
              "0: device 2 gave no sign for 2 s (its agent 'device-2' is not connected)",
              "2: device 2 is away since round 0 (its agent 'device-2' is not connected)");
      assertThat(invited(log, 2)).isNotEmpty().doesNotContain(0, 2).contains(6);
      assertThat(outcome.lost()).isEqualTo(lost(log, 2).size());
    }
  }

  @Test
  void deviceThatRefuses_isNotAskedAgain_untilItAttendsAnew() {
    var log = new MemoryLog();
    var asked = new AtomicInteger();
    try (var federation = new Federation(folder, DEVICES, Duration.ofSeconds(30))) {
      federation.wire(
          "device-2",
          (run, plan) -> {
            asked.incrementAndGet();
            throw AnabranchException.expected(Failure.REFUSED, "hours", "12:00", "22:00 to 6:00");
          });
      var method = Remembering.method(7);
      runWith(
          method,
          federation,
          log,
          4,
          () -> {
            federation.wire("device-2", federation::wireAsAll);
            backAgain(federation, "device-2");
          });
      assertThat(asked).hasValue(1);
      assertThat(lost(log, 2))
          .startsWith(
              "0: device-2 refuses: hours: 12:00 (expected: 22:00 to 6:00)",
              "2: device-2 refuses: hours: 12:00 (expected: 22:00 to 6:00)");
      assertThat(invited(log, 2)).doesNotContain(0, 2).contains(6);
    }
  }

  @Test
  void peerThatIsThereAndMakesNoProgress_isLostAtTheDeadline() {
    var log = new MemoryLog();
    var deaths = new AtomicInteger();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, DEVICES, Duration.ofSeconds(2))) {
      var method = Remembering.method(1);
      Consumer<Device> device =
          me -> {
            if (me.id().index() == 2) {
              me.coordinator().receive(Remembering.MODEL);
              me.coordinator().receive(Remembering.UPDATE); // which nobody sends
            }
            method.device().accept(me);
          };
      var idle = with(method, device, method.body());
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      federation.wire(
          "device-4",
          (run, plan) -> {
            if (deaths.incrementAndGet() < 40) {
              federation.kill("device-4"); // dies whenever it is offered the run
              federation.start("device-4");
            }
            return federation.wireAsAll(run, plan);
          });
      federation.fabric().run(idle, job);
    }
    assertThat(lost(log, 2)).containsExactly("0: no progress for 2 s");
    assertThat(lost(log, 4))
        .containsExactly(
            "0: device-4 was started again 10 times in this visit; see what its own log says");
  }

  /** Takes so many seconds of a processor's time. */
  private static void work(double seconds) {
    var times = ManagementFactory.getThreadMXBean();
    long end = times.getCurrentThreadCpuTime() + (long) (seconds * 1e9);
    while (times.getCurrentThreadCpuTime() < end) {
      Thread.onSpinWait();
    }
  }

  @Test
  void preparationThatHangs_isNoSign_andOneThatTakesLongIs() {
    var log = new MemoryLog();
    var never = new CompletableFuture<Void>();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, DEVICES, Duration.ofSeconds(2))) {
      var method = Remembering.method(1);
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      federation.wire(
          "device-2",
          (run, plan) -> {
            never.join();
            return federation.wireAsAll(run, plan);
          });
      federation.wire(
          "device-4",
          (run, plan) -> {
            work(3);
            return federation.wireAsAll(run, plan);
          });
      federation.fabric().run(method, job);
    } finally {
      never.complete(null);
    }
    assertThat(log.of("lost")).hasSize(1);
    assertThat(lost(log, 2))
        .containsExactly(
            "0: device 2 gave no sign for 2 s (its agent 'device-2' is connected, but is stuck in"
                + " loading its model and data; see its own log)");
  }

  @Test
  void spoolThatCannotBeWritten_endsTheRun_whichGoesOnWhenItCan() throws IOException {
    var method = Remembering.method(4);
    var expected = undisturbed(method);
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 3, Duration.ofSeconds(30))) {
      var job = ToyJob.of(engine, DEVICES).job(method.use(engine.facts()));
      federation.wire(method, job);
      var visit = folder.resolve("spool/r/round-000002/device-000004");
      var there = visit.resolve("sealed.part");
      var within = Files.createDirectories(there.resolve("in-the-way"));
      assertThatThrownBy(() -> federation.grpc("r").run(method, job))
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.STORAGE))
          .hasMessage(
              "spool: "
                  + visit
                  + ": "
                  + there
                  + " (expected: room and the right to write); make room,"
                  + " then resume the run");
      Files.delete(within);
      Files.delete(there);
      var actual = federation.grpc("r").run(method, job);
      assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
      assertThat(actual.lost()).isZero();
    }
  }

  /** A hold-out that does something when it is read for the second time. */
  private record Watched(Shard shard, AtomicInteger reads, Runnable second) implements Shard {
    @Override
    public int size() {
      return shard.size();
    }

    @Override
    public int label(int row) {
      return shard.label(row);
    }

    @Override
    public Batch batch(int[] rows) {
      if (reads.incrementAndGet() == 2) {
        second.run();
      }
      return shard.batch(rows);
    }
  }

  @Test
  void stopEndsScoring_withTheBatchesThatAreOnLanes() {
    var method = Star.of(2);
    var reads = new AtomicInteger();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 1, Duration.ofSeconds(30))) {
      var job = ToyJob.of(engine, 1).job(method.use(engine.facts()));
      var all = job.scoring().evaluation();
      var holdout = new Watched(all.holdout(), reads, () -> federation.stop("r", "by hand"));
      var one = new Evaluation(engine, all.use(), holdout, 1);
      var scored = job.with(new Job.Scoring(one, 1));
      federation.wire(method, scored);
      assertThatThrownBy(() -> federation.grpc("r").run(method, scored))
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.STOPPED))
          .hasMessage("by hand");
      assertThat(reads.get()).isBetween(2, 3);
      assertThat(holdout.size()).isGreaterThan(3);
    }
  }

  @Test
  void stopEndsInstruments_beforeTheirNextPieceOfWork() {
    var method = Star.of(2);
    var worked = new AtomicInteger();
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, 1, Duration.ofSeconds(30))) {
      var job = ToyJob.of(engine, 1).job(method.use(engine.facts()));
      var all = job.scoring().evaluation();
      Instrument endless =
          (trained, beside, check) -> {
            federation.stop("r", "by hand");
            while (true) {
              trained.logits(all.holdout().batch(new int[] {0})).close();
              worked.incrementAndGet();
            }
          };
      var scored = job.with(new Job.Scoring(all.with(List.of(endless)), 1));
      federation.wire(method, scored);
      assertThatThrownBy(() -> federation.grpc("r").run(method, scored)).hasMessage("by hand");
      assertThat(worked).hasValue(0);
    }
  }
}
