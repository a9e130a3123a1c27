package dev.anabranch.methods;

import static dev.anabranch.methods.Gossip.last;
import static dev.anabranch.methods.Gossip.random;
import static dev.anabranch.methods.Gossip.run;
import static dev.anabranch.methods.Gossip.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Inputs;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Schedules of single merging, what is measured after it, and what is refused. */
final class GossipSchedulesTest {
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
        for (var shard : job.job(method.use(engine.facts())).hosts().shards()) {
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
