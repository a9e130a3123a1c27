package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/**
 * What a link is on every fabric: ordered, typed, metered, and honest about a peer that is gone.
 */
public abstract class LinkContract {
  private static final Topic<Long> NUMBER = new Topic<>("number", Codecs.WHOLE);
  private static final Topic<Double> REAL = new Topic<>("real", Codecs.REAL);
  private static final Topic<Hidden> HIDDEN = new Topic<>("hidden", Codecs.HIDDEN);

  protected abstract Fabric fabric();

  /**
   * Whether nothing stands between two ends: what crosses is what was written, once, and takes
   * virtual time. A transport adds framing of its own, and passes on what devices exchange.
   */
  protected boolean direct() {
    return true;
  }

  private Outcome run(
      Consumer<Link> coordinator, Consumer<Device> device, Faults faults, MemoryLog log) {
    var programs =
        Programs.of(
            Set.of(Ability.LIVE_LINKS), (me, state) -> talk(me, state, coordinator), device);
    try (var engine = ToyEngine.small(1)) {
      var job = ToyJob.of(engine, 1).withFaults(faults).withLog(log).withEvaluateEvery(-1);
      return fabric().run(programs, job.job(programs.use(engine.facts())));
    }
  }

  private static TensorMap talk(Coordinator<TensorMap> me, TensorMap state, Consumer<Link> with) {
    try (var visits = me.invite(0, me.roster().devices())) {
      with.accept(visits.links().getFirst());
    }
    return state;
  }

  private Outcome run(Consumer<Link> coordinator, Consumer<Device> device) {
    var outcome = run(coordinator, device, Faults.NONE, new MemoryLog());
    assertThat(outcome.lost()).isZero();
    return outcome;
  }

  @Test
  void messages_arriveInOrder() {
    var got = new ArrayList<Long>();
    run(
        link -> {
          for (int i = 0; i < 100; i++) {
            got.add(link.receive(NUMBER));
          }
        },
        device -> {
          for (long i = 0; i < 100; i++) {
            device.coordinator().post(NUMBER, i);
          }
        });
    assertThat(got).hasSize(100).isSorted();
  }

  @Test
  void values_arriveToTheBit() {
    var got = new CopyOnWriteArrayList<Float>();
    run(
        link -> {
          try (var sent =
              new Hidden(Tensor.of(new float[] {1.5f, -0f, 3e-39f, 4}, 1, 2, 2), new int[] {2})
                  .values()) {
            link.send(HIDDEN, new Hidden(sent, new int[] {2}));
          }
        },
        device -> {
          for (float v : device.coordinator().receive(HIDDEN).values().toArray()) {
            got.add(v);
          }
        });
    assertThat(got).containsExactly(1.5f, -0f, 3e-39f, 4f);
  }

  @Test
  void otherTopic_isAnErrorThatNamesBoth() {
    var said = new CopyOnWriteArrayList<String>();
    run(
        link -> link.send(NUMBER, 1L),
        device -> {
          try {
            device.coordinator().receive(REAL);
          } catch (AnabranchException e) {
            said.add(String.valueOf(e.getMessage()));
          }
        });
    assertThat(said).singleElement().asString().contains("'number'", "'real'");
  }

  @Test
  void more_isFalseOnceThePeerHasEndedWell() {
    var sum = new ArrayList<Long>();
    run(
        link -> {
          while (link.more()) {
            sum.add(link.receive(NUMBER));
          }
        },
        device -> {
          device.coordinator().send(NUMBER, 1L);
          device.coordinator().send(NUMBER, 2L);
        });
    assertThat(sum).containsExactly(1L, 2L);
  }

  @Test
  void lostPeer_isSeenWhereItIsReadFrom() {
    var seen = new ArrayList<String>();
    var faults = new Faults(0, List.of(new Faults.Visit(0, 0)), Set.of());
    var outcome =
        run(
            link -> {
              link.send(NUMBER, 1L);
              try {
                link.receive(NUMBER);
              } catch (LinkLostException e) {
                seen.add(String.valueOf(e.getMessage()));
              }
            },
            device -> device.coordinator().send(NUMBER, device.coordinator().receive(NUMBER)),
            faults,
            new MemoryLog());
    assertThat(seen).hasSize(1);
    assertThat(seen.getFirst()).startsWith("link to device 0: lost");
    assertThat(outcome.lost()).isEqualTo(1);
  }

  @Test
  void charge_isWhatWasWritten() {
    var log = new MemoryLog();
    var outcome =
        run(
            link -> {
              link.send(NUMBER, 1L);
              link.send(NUMBER, 2L);
              link.receive(REAL);
            },
            device -> {
              device.coordinator().receive(NUMBER);
              device.coordinator().receive(NUMBER);
              device.coordinator().send(REAL, 0.5);
            },
            Faults.NONE,
            log);
    assertThat(outcome.totals().down()).isEqualTo(16);
    assertThat(outcome.totals().up()).isEqualTo(8);
    // Two ids, two names and a header of 16 bytes for each of three messages; neither form has a
    // head.
    long down = 2 * ("whole/1".length() + "number".length() + 16L);
    long up = "real/1".length() + "real".length() + 16L;
    if (direct()) {
      assertThat(outcome.totals().framing()).isEqualTo(down + up);
    }
    assertThat(log.of("wire"))
        .filteredOn(line -> Set.of("number", "real").contains(line.fields().get("topic")))
        .extracting(line -> line.fields().get("messages"))
        .containsExactly(2, 1);
  }

  /** Runs a program on every device; a fabric without links between devices must say so. */
  private Optional<Outcome> between(
      int devices, Consumer<Device> device, Faults faults, MemoryLog log) {
    var programs =
        Programs.of(
            Set.of(Ability.PEER_LINKS),
            (me, state) -> {
              me.invite(0, me.roster().devices()).close();
              return state;
            },
            device);
    try (var engine = ToyEngine.small(1)) {
      var job = ToyJob.of(engine, devices).withFaults(faults).withLog(log).withEvaluateEvery(-1);
      if (!fabric().abilities().contains(Ability.PEER_LINKS)) {
        assertThatThrownBy(() -> fabric().run(programs, job.job(programs.use(engine.facts()))))
            .isInstanceOfSatisfying(
                AnabranchException.class,
                e -> assertThat(e.failure()).isEqualTo(Failure.UNSUPPORTED));
        return Optional.empty();
      }
      return Optional.of(fabric().run(programs, job.job(programs.use(engine.facts()))));
    }
  }

  @Test
  void devices_exchangeInOrderAndBothWaysAtOnce() {
    var got = new ConcurrentSkipListMap<Integer, List<Long>>();
    var log = new MemoryLog();
    var outcome =
        between(
            3,
            me -> {
              int i = me.id().index();
              var right = me.link(NodeId.device((i + 1) % 3));
              var left = me.link(NodeId.device((i + 2) % 3));
              right.post(NUMBER, 10L * i);
              right.post(NUMBER, 10L * i + 1);
              got.put(i, List.of(left.receive(NUMBER), left.receive(NUMBER)));
            },
            Faults.NONE,
            log);
    outcome.ifPresent(o -> {
      assertThat(got)
          .containsExactlyInAnyOrderEntriesOf(
              Map.of(0, List.of(20L, 21L), 1, List.of(0L, 1L), 2, List.of(10L, 11L)));
      // A message between devices is charged once, to who sends it, or as two hops.
      assertThat(o.totals().up()).isEqualTo(48);
      assertThat(o.totals().down()).isEqualTo(direct() ? 0 : 48);
      assertThat(log.of("wire"))
          .filteredOn(line -> "number".equals(line.fields().get("topic")))
          .hasSize(direct() ? 3 : 6);
      if (direct()) {
        assertThat(o.totals().framing())
            .isEqualTo(6 * ("whole/1".length() + "number".length() + 16L));
        assertThat(o.virtualSeconds()).isPositive();
      }
    });
  }

  @Test
  void lostNeighbour_isSeenWhereItIsReadFrom() {
    var seen = new ConcurrentSkipListMap<Integer, String>();
    var faults = new Faults(0, List.of(new Faults.Visit(1, 0)), Set.of());
    var outcome =
        between(
            3,
            me -> {
              for (int other = 0; other < 3; other++) {
                if (other != me.id().index()) {
                  me.link(NodeId.device(other)).post(NUMBER, 1L);
                }
              }
              try {
                me.link(NodeId.device(1)).receive(NUMBER);
              } catch (LinkLostException e) {
                seen.put(me.id().index(), String.valueOf(e.getMessage()));
              }
              me.link(NodeId.device(2 - me.id().index())).receive(NUMBER);
            },
            faults,
            new MemoryLog());
    outcome.ifPresent(o -> {
      assertThat(seen).containsOnlyKeys(0, 2);
      assertThat(seen.get(0)).startsWith("link to device 1: lost");
      assertThat(o.lost()).isEqualTo(1);
      // Device 1 was lost before it sent anything; what it was sent may not have got far.
      assertThat(o.totals().up()).isBetween(direct() ? 32L : 16L, 32L);
    });
  }

  @Test
  void neighbourThatEndsWithoutSending_isSeenAsGone() {
    var seen = new CopyOnWriteArrayList<String>();
    between(
            2,
            me -> {
              if (me.id().index() == 0) {
                try {
                  me.link(NodeId.device(1)).receive(NUMBER);
                } catch (LinkLostException e) {
                  seen.add(String.valueOf(e.getMessage()));
                }
              }
            },
            Faults.NONE,
            new MemoryLog())
        .ifPresent(o -> {
          assertThat(seen).hasSize(1);
          assertThat(seen.getFirst()).contains("its program ended without sending 'number'");
          assertThat(o.lost()).isZero();
        });
  }
}
