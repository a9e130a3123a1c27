package dev.anabranch.methods;

import static dev.anabranch.methods.Overlap.method;
import static dev.anabranch.methods.Overlap.run;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Pooling;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Virtual time, traffic and work of block coordinate descent, and what is refused. */
final class ParaBlockCostsTest {
  /** Computation, both ways and one device: a round takes the longer of both, or their sum. */
  @ParameterizedTest
  @ValueSource(doubles = {0.4, 1, 3})
  void virtualTime_isTheLongerOfBothNotTheSum(double share) {
    Map<String, ?> settings = Map.of("cohort", 1, "rounds", 20, "order", "fixed", "examples", 0);
    double macs = macsPerRound(settings);
    double bytes = 4.0 * (40 * 40 * 2 + 40 + 3 * 40 + 3); // a layer and the classifier
    double compute = 100;
    double rate = 2 * bytes / (share * compute);
    var profile = new DeviceProfile("timed", macs / compute, 1L << 30, rate, rate, 1e-6, "made up");
    double sum = timed("fl-bcd", settings, profile) / 20;
    double longer = timed("parablock", settings, profile);
    double exchange = sum - compute;
    double expected = compute + 19 * Math.max(compute, exchange) + exchange;
    assertThat(exchange).isGreaterThan(share * compute);
    assertThat(longer).isCloseTo(expected, within(0.02 * expected));
  }

  /** Wide enough that names and headers of messages weigh little. */
  private static ToyEngine wide() {
    return new ToyEngine(5, 40, 2, 3, 1, 7);
  }

  private static double macsPerRound(Map<String, ?> settings) {
    try (var engine = wide()) {
      var outcome = Plans.run(method("fl-bcd", settings), ToyJob.of(engine, 1), engine);
      return outcome.totals().macs(NodeId.Role.DEVICE) / 20.0;
    }
  }

  private static double timed(String name, Map<String, ?> settings, DeviceProfile profile) {
    try (var engine = wide()) {
      return timed(method(name, settings), engine, profile);
    }
  }

  private static <S> double timed(Method<S> method, ToyEngine engine, DeviceProfile profile) {
    var job = ToyJob.of(engine, 1).job(method.use(engine.facts()));
    var other =
        job.with(new Job.Hosts(job.hosts().shards(), List.of(profile), job.hosts().body()))
            .with(new Job.Scoring(job.scoring().evaluation(), -1));
    return new LocalFabric().run(method, other).virtualSeconds();
  }

  @Test
  void traffic_isOneBlockEachWay() {
    var totals = run("parablock", Map.of("order", "fixed")).totals().byTopic();
    long block = 4L * (6 * 6 * 2 + 6 + 3 * 6 + 3);
    assertThat(totals.get("update")).isEqualTo(6 * 6 * block);
    assertThat(totals.get("mean")).isEqualTo(6 * 6 * block);
    assertThat(totals).doesNotContainKey("block");
  }

  @Test
  void laterBlocks_needLessWork() {
    var last = run("fl-bcd", Map.of("order", "fixed"));
    var each = run("fl-bcd", Map.of("order", "ascending"));
    assertThat(last.totals().macs(NodeId.Role.DEVICE))
        .isLessThan(each.totals().macs(NodeId.Role.DEVICE));
  }

  @Test
  void itLearns() {
    Map<String, ?> settings = Map.of("rounds", 24, "examples", 0, "learningRate", 0.05);
    for (var name : List.of("parablock", "fl-bcd")) {
      var outcome = run(name, settings, 6, job -> job.withExamples(30));
      assertThat(outcome.last().accuracy()).as(name).isGreaterThan(0.9);
    }
  }

  @Test
  void blocksThatDoNotFit_areNamed() {
    var model = new ModelFacts("toy", 4, 6, 3, 8, Pooling.MEAN, "");
    assertThatThrownBy(
            () -> method("parablock", Map.of("blocks", List.of("0-1", "2-7"))).use(model))
        .hasMessage("blocks: 2-7 (expected: layers within 0 to 3, all that the model has)");
    assertThatThrownBy(() -> method("parablock", Map.of("blocks", List.of("0-1", "3"))).use(model))
        .hasMessage("blocks: next block starts at layer: 3 (expected: 2)");
    assertThatThrownBy(() -> method("parablock", Map.of("blocks", List.of("0-1"))).use(model))
        .hasMessage("blocks end before layer: 2 (expected: 4)");
    assertThatThrownBy(() -> method("parablock", Map.of("blocks", List.of("all"))).use(model))
        .hasMessage("blocks: all (expected: layers, such as 0-2, or one layer, such as 3)");
    assertThat(
            method("parablock", Map.of("blocks", List.of("0-1", "2-3")))
                .use(model)
                .partition()
                .segments())
        .extracting(s -> s.name())
        .containsExactly("embeddings", "layers 0-1", "layers 2-3");
  }
}
