package dev.anabranch.methods;

import static dev.anabranch.methods.Gossip.apart;
import static dev.anabranch.methods.Gossip.last;
import static dev.anabranch.methods.Gossip.random;
import static dev.anabranch.methods.Gossip.run;
import static dev.anabranch.methods.Gossip.value;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Faults;
import dev.anabranch.core.Outcome;
import dev.anabranch.testkit.MemoryLog;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Limits in which single merging is something else, and what it costs. */
final class SingleMergeTest {
  @Test
  void doublyStochasticMixing_preservesTheMean() {
    // After one round of training alike, the mean over the agents is that without any exchange.
    var silent = run(Map.of("rounds", 1, "communication", "none"));
    for (var topology :
        List.of(
            "ring", "complete", "exponential", random(1, "matching"), random(2.5, "matching"))) {
      var mixed = run(Map.of("rounds", 1, "topology", topology));
      assertThat(apart(mixed.trained(), silent.trained()))
          .as(String.valueOf(topology))
          .isLessThan(1e-6);
    }
    var pulled = run(Map.of("rounds", 1, "topology", random(1, "pull")));
    assertThat(apart(pulled.trained(), silent.trained())).isGreaterThan(1e-4);
  }

  @Test
  void everybodyEveryRound_isFedAvgWithEqualWeights() {
    var fedavg = run("fedavg", Map.of("cohort", 6, "weighted", false), 6, UnaryOperator.identity());
    for (var topology : List.of("complete", random(5, "pull"), random(5, "matching"))) {
      assertThat(apart(run(Map.of("topology", topology)).trained(), fedavg.trained()))
          .isLessThan(1e-6);
    }
    var dense = Map.of("communication", Map.of("sparse-then-merge", Map.of("point", 0)));
    assertThat(apart(run(dense).trained(), fedavg.trained())).isLessThan(1e-6);
    assertThat(apart(run(Map.of("topology", "ring")).trained(), fedavg.trained()))
        .isGreaterThan(1e-5);
  }

  @Test
  void onePeerExponentialMerge_isExactAfterLogarithmicallyManyRounds() {
    Map<String, ?> ring = Map.of("topology", "ring");
    var exact = run(ring, 8, UnaryOperator.identity());
    var log = new MemoryLog();
    var merge = Map.of("exponential", Map.of("times", 3, "onePeer", true));
    var peers = run(Map.of("topology", "ring", "merge", merge), 8, job -> job.withLog(log));
    assertThat(apart(peers.trained(), exact.trained())).isLessThan(1e-6);
    assertThat(last(log, "consensusDistance")).isLessThan(1e-10);
    var one = new MemoryLog();
    merge = Map.of("exponential", Map.of("times", 1));
    run(Map.of("topology", "ring", "merge", merge), 8, job -> job.withLog(one));
    assertThat(last(one, "consensusDistance")).isGreaterThan(1e-8);
  }

  @Test
  void mergedAgents_areOne() {
    var log = new MemoryLog();
    var outcome = run(Map.of("topology", "ring"), 6, job -> job.withLog(log));
    assertThat(last(log, "consensusDistance")).isZero();
    assertThat(last(log, "mergedGain")).isCloseTo(0, within(1e-12));
    assertThat(outcome.last().accuracy()).isEqualTo(last(log, "mergedAccuracy"));
    assertThat(outcome.rounds()).isEqualTo(4);
    var before =
        log.of("metric").stream()
            .filter(l -> l.round() == 2 && "consensusDistance".equals(l.fields().get("name")))
            .findFirst()
            .orElseThrow();
    assertThat(value(before)).isPositive();
  }

  @Test
  void traffic_isWhatTheGraphAndTheMergeSay() {
    long bytes = 4L * run(Map.of()).trained().elements();
    long m = 6;
    long merge = 2 * (m - 1) * bytes;
    assertThat(variables(run(Map.of("topology", "ring")))).isEqualTo(3 * m * 2 * bytes + merge);
    assertThat(variables(run(Map.of("topology", "complete"))))
        .isEqualTo(3 * m * (m - 1) * bytes + merge);
    assertThat(variables(run(Map.of("topology", "ring", "merge", "none"))))
        .isEqualTo(3 * m * 2 * bytes);
    var dense = Map.of("communication", Map.of("sparse-then-merge", Map.of("point", 0)));
    assertThat(variables(run(dense))).isEqualTo(4 * merge);
    assertThat(run(Map.of("communication", "none", "merge", "none")).totals().byTopic())
        .containsOnlyKeys("present", "roll");
  }

  private static long variables(Outcome outcome) {
    return outcome.totals().byTopic().getOrDefault("variables", 0L);
  }

  @Test
  void withoutMerge_noCommonModelIsLeft() {
    var outcome = run(Map.of("merge", "none"));
    assertThat(outcome.trained().size()).isZero();
    assertThat(outcome.last().accuracy()).isBetween(0.2, 1.0);
  }

  @Test
  void absentees_areLeftOutOfExchangeAndMerge() {
    var faults = new Faults(0, List.of(new Faults.Visit(2, 1), new Faults.Visit(4, 3)), Set.of());
    var log = new MemoryLog();
    var outcome = run(Map.of("topology", "ring"), 6, job -> job.withFaults(faults).withLog(log));
    assertThat(outcome.lost()).isEqualTo(2);
    assertThat(outcome.trained().isFinite()).isTrue();
    assertThat(last(log, "consensusDistance")).isZero();
  }

  /** Statistics of what enters the first layer, over the data of all devices at once. */
}
