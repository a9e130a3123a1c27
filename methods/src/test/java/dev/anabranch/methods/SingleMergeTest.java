package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Faults;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.TensorMap;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Limits in which single merging is something else, and what it costs. */
final class SingleMergeTest {
  private static final Map<String, Object> SGD =
      Map.of(
          "rounds",
          3,
          "examples",
          8,
          "batch",
          3,
          "optimizer",
          "sgd",
          "momentum",
          0,
          "learningRate",
          0.1,
          "weightDecay",
          0,
          "clip",
          0);

  private static Map<String, Object> with(Map<String, ?> settings) {
    var all = new LinkedHashMap<String, Object>(SGD);
    all.putAll(settings);
    return all;
  }

  private static Outcome run(Map<String, ?> settings, int devices, UnaryOperator<ToyJob> change) {
    return run("single-merge", settings, devices, change);
  }

  private static Outcome run(
      String method, Map<String, ?> settings, int devices, UnaryOperator<ToyJob> change) {
    try (var engine = ToyEngine.small(2)) {
      return Plans.run(
          Plans.method(method, with(settings)), change.apply(ToyJob.of(engine, devices)), engine);
    }
  }

  private static Outcome run(Map<String, ?> settings) {
    return run(settings, 6, UnaryOperator.identity());
  }

  private static Map<String, ?> random(double rate, String mode) {
    return Map.of("random", Map.of("rate", rate, "mode", mode));
  }

  private static double apart(TensorMap a, TensorMap b) {
    try (var difference = a.minus(b)) {
      double most = 0;
      for (long i = 0; i < difference.elements(); i++) {
        most =
            Math.max(
                most, Math.abs(difference.data().getAtIndex(dev.anabranch.core.Tensor.FLOAT, i)));
      }
      return most;
    }
  }

  private static double last(MemoryLog log, String metric) {
    return log.of("metric").stream()
        .filter(line -> metric.equals(line.fields().get("name")))
        .mapToDouble(SingleMergeTest::value)
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  private static double value(MemoryLog.Line line) {
    return Double.parseDouble(String.valueOf(line.fields().get("value")));
  }

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
  @Test
  void runningStatistics_areThoseOfTheMergedNetworkOverAllData() {
    try (var engine = ToyEngine.withStatistics(2)) {
      Map<String, ?> settings = with(Map.of("topology", "ring", "batch", 100));
      var method = Plans.method("single-merge", settings);
      var job = ToyJob.of(engine, 3);
      var merged = Plans.run(method, job, engine).trained();
      var weight = merged.get("embed.weight");
      var bias = merged.get("embed.bias");
      for (int i = 0; i < 6; i++) {
        double mean = 0;
        double square = 0;
        for (var shard : job.job(method.use(engine.facts())).shards()) {
          var f = (Inputs.Features) shard.batch(shard.rows()).inputs();
          for (int s = 0; s < f.size(); s++) {
            double x = bias.get(i);
            for (int j = 0; j < 5; j++) {
              x += weight.get(5L * i + j) * f.values()[s * 5 + j];
            }
            mean += x / f.size() / 3;
            square += x * x / f.size() / 3;
          }
        }
        assertThat(merged.get("embed.running_mean").get(i)).isCloseTo((float) mean, within(1e-5f));
        assertThat(merged.get("embed.running_var").get(i))
            .isCloseTo((float) (square - mean * mean), within(1e-5f));
      }
    }
  }

  @Test
  void schedules_differInResultAndTraffic() {
    var base = run(Map.of("topology", "ring"));
    for (var schedule :
        List.of(
            "none",
            Map.of("sparse-then-merge", Map.of("point", 0.5)),
            Map.of("window", Map.of("point", 0.3, "size", 1)),
            Map.of("periodic", Map.of("every", 2)))) {
      var outcome = run(Map.of("topology", "ring", "communication", schedule));
      assertThat(outcome.trained().sha256()).isNotEqualTo(base.trained().sha256());
      assertThat(outcome.totals().total()).isNotEqualTo(base.totals().total());
    }
  }

  @Test
  void adaptiveRate_goesUpWithItsBoundAndInTheEnd() {
    var rates = new LinkedHashMap<Double, Double>();
    for (double bound : new double[] {1e9, 1e-9}) {
      var log = new MemoryLog();
      var schedule = Map.of("adaptive", Map.of("bound", bound, "ramp", 0.0));
      run(
          Map.of("rounds", 8, "topology", random(0.5, "matching"), "communication", schedule),
          6,
          job -> job.withLog(log));
      rates.put(bound, last(log, "rate"));
    }
    assertThat(rates.get(1e9)).isEqualTo(0.5);
    assertThat(rates.get(1e-9)).isEqualTo(5);
    var log = new MemoryLog();
    var schedule = Map.of("adaptive", Map.of("bound", 1e9, "ramp", 0.5));
    run(
        Map.of("rounds", 8, "topology", random(0.5, "matching"), "communication", schedule),
        6,
        job -> job.withLog(log));
    assertThat(last(log, "rate")).isEqualTo(5);
  }

  @Test
  void adaptiveWithoutRandomPeers_isRefused() {
    assertThatThrownBy(() ->
            Plans.method("single-merge", Map.of("communication", "adaptive", "topology", "ring")))
        .hasMessage(
            "communication: adaptive (expected: with topology: random, whose rate it sets; or"
                + " another one)");
  }

  @Test
  void topologyThatDoesNotFit_isRefusedBeforeAnythingRuns() {
    assertThatThrownBy(
            () -> run(Map.of("topology", Map.of("edges", Map.of("links", List.of("0-1"))))))
        .hasMessageContaining("topology.edges: not connected among 6 devices");
    assertThatThrownBy(
            () -> run(Map.of("topology", Map.of("matrix", Map.of("rows", List.of("1"))))))
        .hasMessageContaining("topology.matrix.rows: 1 (expected: 6, one for each device)");
    assertThatThrownBy(() -> run(Map.of("topology", random(6, "pull"))))
        .hasMessageContaining("topology.random.rate: 6.0 (expected: at most 5, the other devices)");
  }
}
