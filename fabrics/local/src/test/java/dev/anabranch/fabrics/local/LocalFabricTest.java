package dev.anabranch.fabrics.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Topic;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import dev.anabranch.testkit.AssertingLinks;
import dev.anabranch.testkit.MemoryCheckpoints;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.Star;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

final class LocalFabricTest {
  private static final Topic<Long> NUMBER = new Topic<>("number", Codecs.WHOLE);

  private static Outcome run(
      Method<?> method, int devices, int resident, UnaryOperator<ToyJob> with) {
    try (var engine = ToyEngine.small(2)) {
      var job = with.apply(ToyJob.of(engine, devices));
      return new LocalFabric(resident).run(method, job.job(method.use(engine.facts())));
    }
  }

  @Test
  void star_learns() {
    var outcome = run(Star.of(12), 6, 2, job -> job.withExamples(30));
    assertThat(outcome.last().accuracy()).isGreaterThan(0.9);
    assertThat(outcome.rounds()).isEqualTo(12);
  }

  @Test
  void splitStar_equalsItsUncutTwinToTheBit() {
    var one = run(Split.method(2), 4, 1, UnaryOperator.identity());
    var many = run(Split.method(2), 4, 4, UnaryOperator.identity());
    assertThat(one.trained().sha256()).isEqualTo(many.trained().sha256());
    assertThat(one.totals()).isEqualTo(many.totals());
    assertThat(one.totals().macs(NodeId.Role.BODY)).isPositive();
    assertThat(one.totals().backbone()).isZero();
  }

  @Test
  void deadlock_namesWhoWaitsForWhat() {
    var method =
        Programs.of(
            Set.of(Ability.LIVE_LINKS, Ability.PEER_LINKS),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                visits.gather(NUMBER, new Quorum(1)).toList();
              }
              return state;
            },
            me -> me.link(NodeId.device(1 - me.id().index())).receive(NUMBER));
    assertThatThrownBy(() -> run(method, 2, 2, UnaryOperator.identity()))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.DEADLOCK))
        .hasMessageStartingWith("deadlock: all programs wait (expected: a message on its way)")
        .hasMessageContaining("\n  coordinator waits for 'number' from device 0")
        .hasMessageContaining("\n  device 0 waits for 'number' from device 1")
        .hasMessageContaining("\n  device 1 waits for 'number' from device 0");
  }

  @Test
  void nan_isRefusedAndTheRoundGoesOn() {
    var log = new MemoryLog();
    var faults = new Faults(0, List.of(), Set.of(new Faults.Visit(1, 0)));
    var outcome = run(Star.of(2), 3, 2, job -> job.withFaults(faults).withLog(log));
    assertThat(outcome.lost()).isEqualTo(1);
    assertThat(outcome.trained().isFinite()).isTrue();
    var lost = log.of("lost").getFirst();
    assertThat(lost.fields()).containsEntry("device", 1);
    assertThat(String.valueOf(lost.fields().get("reason")))
        .isEqualTo("update: NaN or infinite (expected: finite values); the update is refused");
  }

  /** Writes nothing of an empty map, which nobody can read. */
  private static final class Torn implements Codec<TensorMap> {
    @Override
    public String id() {
      return "torn/1";
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(TensorMap message, WireOut out, Memory memory) {
      if (message.size() > 0) {
        Codecs.TENSORS.encode(message, out, memory);
      }
    }

    @Override
    public TensorMap decode(WireIn in, Memory memory) {
      return Codecs.TENSORS.decode(in, memory);
    }
  }

  @Test
  void messageThatIsNone_isRefusedAndTheRoundGoesOn() {
    var topic = new Topic<>("tensors", new Torn());
    var log = new MemoryLog();
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                assertThat(visits.gather(topic, new Quorum(2)).toList()).hasSize(2);
              }
              return state;
            },
            me -> {
              var whole = TensorMap.zeros(List.of(TensorSpec.of("v", 2)));
              me.coordinator().post(topic, me.id().index() == 1 ? TensorMap.empty() : whole);
            });
    var outcome = run(method, 3, 2, job -> job.withLog(log));
    assertThat(outcome.lost()).isEqualTo(1);
    assertThat(log.of("lost").getFirst().fields()).containsEntry("device", 1);
    assertThat(String.valueOf(log.of("lost").getFirst().fields().get("reason")))
        .matches("tensors: .* \\(expected: .*\\); it is refused");
  }

  @Test
  void wallTimeOfEarlierProcesses_isAdded() {
    var cut = MemoryCheckpoints.crashingBefore(2);
    assertThatThrownBy(() -> run(Star.of(3), 3, 2, job -> job.withCheckpoints(cut)))
        .isInstanceOf(MemoryCheckpoints.Crash.class);
    var hours = new MemoryCheckpoints();
    var last = cut.last().orElseThrow();
    var notes = new TreeMap<>(last.notes());
    assertThat(Double.parseDouble(notes.put("wallSeconds", "7200"))).isPositive();
    hours.save(new Checkpoint(last.nextRound(), last.state(), last.memories(), notes));
    var log = new MemoryLog();
    var outcome = run(Star.of(3), 3, 2, job -> job.withCheckpoints(hours).withLog(log));
    assertThat(outcome.wallSeconds()).isGreaterThan(7200);
    assertThat(log.of("end").getFirst().fields())
        .containsEntry("wallSeconds", outcome.wallSeconds());
  }

  @Test
  void tooFewReplies_endTheRun() {
    var faults = new Faults(0, List.of(new Faults.Visit(0, 1), new Faults.Visit(2, 1)), Set.of());
    var method = new Star(3, new Quorum(2), (roster, round, random) -> roster.devices());
    assertThatThrownBy(() -> run(method, 3, 2, job -> job.withFaults(faults)))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.QUORUM))
        .hasMessage(
            "quorum of round 1: 1 replies (expected: at least 2); lost: {device 0=injected, device"
                + " 2=injected}; the last checkpoint stands, resume the run or lower the quorum");
  }

  @Test
  void tooFewRepliesInTheFirstRound_leaveNothingToResume() {
    var faults = new Faults(0, List.of(new Faults.Visit(0, 0), new Faults.Visit(2, 0)), Set.of());
    var method = new Star(3, new Quorum(2), (roster, round, random) -> roster.devices());
    assertThatThrownBy(() -> run(method, 3, 2, job -> job.withFaults(faults)))
        .hasMessage(
            "quorum of round 0: 1 replies (expected: at least 2); lost: {device 0=injected, device"
                + " 2=injected}; no round is done yet: lower the quorum or invite more devices,"
                + " and run again");
  }

  @Test
  void failingProgram_isNamedWithItsCause() {
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(4, me.roster().devices())) {
                visits.gather(NUMBER, new Quorum(1)).toList();
              }
              return state;
            },
            me -> {
              throw new IllegalArgumentException("no such thing");
            });
    assertThatThrownBy(() -> run(method, 1, 1, UnaryOperator.identity()))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.PROGRAM))
        .hasMessageContaining(
            "device 0 in round 4: java.lang.IllegalArgumentException: no such thing")
        .hasCauseInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void releasedModel_isOpenedAnewAsAtFirst() {
    var seen = new CopyOnWriteArrayList<String>();
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              me.invite(0, me.roster().devices()).close();
              return state;
            },
            me -> {
              for (int i = 0; i < 2; i++) {
                me.lane()
                    .run(
                        "look",
                        () -> {
                          var values = me.model().trainable().copy();
                          seen.add(values.sha256());
                          me.model().trainable().load(values.scale(2));
                          me.release();
                          return true;
                        });
              }
              me.release();
            });
    run(method, 1, 1, UnaryOperator.identity());
    assertThat(seen).hasSize(2);
    assertThat(seen.getFirst()).isEqualTo(seen.getLast());
  }

  @Test
  void visits_areResidentAsManyAsAllowed() {
    var now = new AtomicInteger();
    var most = new AtomicInteger();
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                for (var reply : visits.gather(NUMBER, new Quorum(1))) {
                  // A place is free again only once the coordinator is done with the reply.
                  assertThat(reply.message()).isEqualTo(reply.from().index());
                  now.decrementAndGet();
                }
              }
              return state;
            },
            me -> {
              most.accumulateAndGet(now.incrementAndGet(), Math::max);
              me.coordinator().send(NUMBER, (long) me.id().index());
            });
    run(method, 40, 3, UnaryOperator.identity());
    assertThat(most.get()).isBetween(1, 3);
  }

  @Test
  void coordinatorThatReadsBackwards_isNotADeadlock() {
    var got = new ArrayList<Long>();
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                for (var link : visits.links().reversed()) {
                  got.add(link.receive(NUMBER));
                }
              }
              return state;
            },
            me -> me.coordinator().send(NUMBER, (long) me.id().index()));
    run(method, 5, 2, UnaryOperator.identity());
    assertThat(got).containsExactly(4L, 3L, 2L, 1L, 0L);
  }

  @Test
  void unneededLinks_areRefused() {
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                visits.gather(NUMBER, new Quorum(1)).toList();
              }
              return state;
            },
            me -> me.body().send(NUMBER, 1L));
    assertThatThrownBy(() -> run(method, 1, 1, UnaryOperator.identity()))
        .hasMessageContaining("link to body 0: refused (expected: a method that needs BODY_LINKS)");
  }

  @Test
  void memoryOfALostVisit_isForgotten() {
    var seen = new ArrayList<Boolean>();
    var method =
        Programs.of(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              for (int round = 0; round < 3; round++) {
                try (var visits = me.invite(round, me.roster().devices())) {
                  visits.sendAll(NUMBER, 1L);
                  visits.gather(NUMBER, new Quorum(1)).toList();
                }
              }
              return state;
            },
            me -> {
              me.coordinator().receive(NUMBER);
              if (me.id().index() == 0) {
                seen.add(me.memory().get("seen").isPresent());
                me.memory().put("seen", dev.anabranch.core.TensorMap.empty());
              }
              me.coordinator().send(NUMBER, 1L);
            });
    var faults = new Faults(0, List.of(new Faults.Visit(0, 0)), Set.of());
    run(method, 2, 1, job -> job.withFaults(faults));
    assertThat(seen).containsExactly(false, false, true);
  }

  @Test
  void links_areWatchedByTheirWrapper() {
    try (var engine = ToyEngine.small(1)) {
      var links = new AssertingLinks();
      var method = Star.of(1);
      new LocalFabric(1, links).run(method, ToyJob.of(engine, 2).job(method.use(engine.facts())));
      assertThat(links.wrapped()).isPositive();
    }
  }

  @Test
  void peaks_areEachPartysOwn() {
    var totals = run(Split.method(1), 4, 4, UnaryOperator.identity()).totals();
    // Floats of two embeddings and one layer, of the two layers of the body, of two prompts and the
    // tail, all of width 6.
    long layer = 2 * 36 + 6;
    long head = 6 * 5 + 6 + layer;
    long trained = 2 * 6 + layer + 3 * 6 + 3;
    // Trained variables are held with their gradients.
    assertThat(totals.peak(NodeId.Role.DEVICE)).isEqualTo(4 * (head + 2 * trained));
    assertThat(totals.peak(NodeId.Role.BODY)).isEqualTo(4 * 2 * layer);
    assertThat(totals.setup()).isEqualTo(4 * 4 * head);
  }

  @Test
  void peaks_areMeasuredInALaterRoundAndChargedToTheEarlierOnes() {
    try (var engine = ToyEngine.small(2)) {
      var method = Split.method(3);
      var job = ToyJob.of(engine, 4).job(method.use(engine.facts()));
      var first = new LocalFabric().run(method, job).totals();
      job = ToyJob.of(engine, 4).job(method.use(engine.facts()));
      var later = new LocalFabric().measuringFrom(2).run(method, job).totals();
      assertThat(later.peak(NodeId.Role.DEVICE)).isEqualTo(first.peak(NodeId.Role.DEVICE));
      assertThat(later.peak(NodeId.Role.BODY)).isEqualTo(first.peak(NodeId.Role.BODY));
    }
  }

  @Test
  void checkpointWhileVisitsAreOpen_isRefused() {
    var method =
        new Programs(
            Set.of(Ability.ONE_EXCHANGE),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                me.checkpoint(1, state);
              }
              return state;
            },
            me -> {},
            me -> {});
    assertThatThrownBy(() -> run(method, 1, 1, UnaryOperator.identity()))
        .hasMessageContaining("checkpoint: the visits of round 0 are open (expected: closed)");
  }

  @Test
  void codecOfThePlan_isUsedAndCharged() {
    var half = new HalfOfTheBytes();
    var plain = run(Star.of(1), 2, 1, UnaryOperator.identity()).totals();
    var coded = run(Star.of(1), 2, 1, job -> job.withCodec("update", half)).totals();
    assertThat(coded.down()).isEqualTo(plain.down());
    assertThat(coded.up()).isEqualTo(plain.up() / 2);
  }

  @Test
  void bodies_replyForDevicesThatWereNotLost() {
    var devices = new ArrayList<Integer>();
    var sum = new ArrayList<Long>();
    var method =
        new Programs(
            Set.of(Ability.BODY_LINKS),
            (me, state) -> {
              try (var visits = me.invite(0, me.roster().devices())) {
                visits.sendBodies(NUMBER, 10L);
                visits
                    .gather(NUMBER, new Quorum(1))
                    .forEach(reply -> devices.add(reply.from().index()));
                visits
                    .gatherBodies(NUMBER, new Quorum(1))
                    .forEach(reply -> sum.add(reply.message()));
              }
              return state;
            },
            me -> {
              me.body().send(NUMBER, (long) me.id().index());
              me.coordinator().send(NUMBER, 1L);
            },
            me -> {
              long first = me.coordinator().receive(NUMBER);
              me.coordinator().send(NUMBER, first + me.device().receive(NUMBER));
            });
    var faults = new Faults(0, List.of(new Faults.Visit(1, 0)), Set.of());
    var outcome = run(method, 4, 1, job -> job.withFaults(faults));
    assertThat(devices).containsExactly(0, 2, 3);
    assertThat(sum).containsExactly(10L, 12L, 13L);
    assertThat(outcome.totals().backbone()).isEqualTo(8 * 4 + 8 * 3);
    assertThat(outcome.lost()).isEqualTo(1);
  }
}
