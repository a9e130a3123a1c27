package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Faults;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RunPlanTest {
  private static RunPlan plan(String yaml) {
    return RunPlan.parse(TestCatalog.of(), "plan.yaml", yaml);
  }

  @Test
  void emptyPlanIsTheDemosData() {
    var plan = plan("");
    assertThat(plan.methodName()).isEqualTo("sfprompt");
    assertThat(plan.sourceName()).isEqualTo("spam-assassin");
    assertThat(plan.seed()).isEqualTo(42);
    assertThat(plan.methodNumber("cohort")).contains(8L);
    assertThat(plan.methodNumber("sliceCrossings")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "sed: 1 | sed: unknown key (expected: 'seed'? one of name, seed, method, fabric, lanes,"
            + " resident, model, task, data, devices, faults, evaluate, codecs)",
        "task: {maxTokns: 3} | task.maxTokns: unknown key (expected: 'maxTokens'? one of kind,"
            + " maxTokens, pooling, augment)",
        "method: {sfprompt: {round: 3}} | method.sfprompt.round: unknown key (expected: 'rounds'?"
            + " one of rounds, cohort, learningRate, sliceCrossings)",
        "method: sfpromt | method: sfpromt (expected: 'sfprompt'? one of sfprompt, fedavg)",
        "seed: many | seed: many (expected: a whole number)",
        "seed: 1.5 | seed: 1.5 (expected: a whole number)",
        "seed: -1 | seed: -1 (expected: at least 0)",
        "lanes: 5000 | lanes: 5000 (expected: 0 to 1024)",
        "data: {holdout: 2} | data.holdout: 2.0 (expected: 0.0 to 0.9)",
        "data: 3 | data: 3 (expected: a mapping of keys to values)",
        "task: {pooling: max} | task.pooling: max (expected: one of mean, cls, pooler, prompt)",
        "name: ../x | name: '../x' (expected: 1 to 64 letters, digits, '.', '_' or '-')",
        "codecs: {update: topkk} | codecs.update: topkk (expected: 'topk'? one of fp32, topk)",
        "codecs: {update: {topk: {share: 7}}} | codecs.update.topk.share: 7.0 (expected: 1.0E-4"
            + " to 1.0)",
        "devices: {profiles: [laptp]} | devices.profiles: laptp (expected: 'laptop'? one of"
            + " raspberry-pi-5, jetson-tx2, jetson-xavier-nx, mid-range-phone, high-end-phone,"
            + " laptop, datacentre-host)",
        "devices: {bandwidth: 0} | devices.bandwidth: 0.0 (expected: 1.0E-6 to 1000000.0)",
        "devices: {profiles: []} | devices.profiles: [] (expected: at least one profile)",
        "faults: {visits: [3-1]} | faults.visits: 3-1 (expected: device@round, as 3@1)",
        "- 1 | plan.yaml: [1] (expected: a mapping of keys to values)",
      })
  void mistakeIsNamedWithWhatWasExpected(String yaml, String message) {
    assertThatThrownBy(() -> plan(yaml))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(message)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.PLAN);
  }

  @Test
  void keyThatStandsTwiceIsRefusedWithItsLine() {
    assertThatThrownBy(() -> plan("seed: 1\nname: a\nseed: 2\n"))
        .hasMessageStartingWith("plan.yaml: line 3: ")
        .hasMessageContaining("uplicate")
        .hasMessageEndingWith("(expected: YAML)");
  }

  @Test
  void brokenYamlIsRefusedWithItsLine() {
    assertThatThrownBy(() -> plan("seed: 1\ndata: {holdout: 0.1\n"))
        .hasMessageStartingWith("plan.yaml: line ")
        .hasMessageEndingWith("(expected: YAML)");
  }

  @Test
  void deepPlanIsRefused() {
    assertThatThrownBy(() -> plan("a: " + "[".repeat(100) + "]".repeat(100)))
        .isInstanceOf(AnabranchException.class);
  }

  @Test
  void missingFileIsNamed() {
    assertThatThrownBy(() -> RunPlan.read(TestCatalog.of(), Path.of("none.yaml"), List.of()))
        .hasMessage("none.yaml: no such file (expected: a run plan in YAML)");
  }

  @Test
  void bandwidthScalesTheLinesOfAllDevicesAndNothingElse() {
    var plain = plan("devices: {profiles: [laptop]}").profiles().getFirst();
    var wide = plan("devices: {profiles: [laptop], bandwidth: 4}").profiles().getFirst();
    assertThat(wide.upBytesPerSecond()).isEqualTo(4 * plain.upBytesPerSecond());
    assertThat(wide.downBytesPerSecond()).isEqualTo(4 * plain.downBytesPerSecond());
    assertThat(wide.withBandwidth(0.25).macsPerSecond()).isEqualTo(plain.macsPerSecond());
    assertThat(wide.latencySeconds()).isEqualTo(plain.latencySeconds());
    assertThat(wide.source()).isEqualTo(plain.source() + "; line times 4.0");
  }

  @Test
  void filledInPlanReadsBackEqual() {
    var plan =
        plan(
            """
            name: round-trip
            method: { fedavg: { learningRate: 1e-3 } }
            codecs: { update: { topk: { share: 0.1 } }, global: fp32 }
            data: { partition: { lda: { devices: 7 } } }
            faults: { visits: ["3@1"], rate: 0.25 }
            """);
    assertThat(plan(plan.toYaml()).toMap()).isEqualTo(plan.toMap());
    assertThat(plan.toYaml()).contains("learningRate: 0.001").contains("dirichlet:");
    assertThat(plan.toMap().keySet())
        .containsExactly(
            "name",
            "seed",
            "model",
            "task",
            "data",
            "method",
            "codecs",
            "devices",
            "faults",
            "evaluate",
            "fabric",
            "lanes",
            "resident");
    assertThat(plan.faults().visits()).containsExactly(new Faults.Visit(3, 1));
    assertThat(plan.codecs()).containsOnlyKeys("update", "global");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "method.sfprompt.rounds=4 | 4",
        "method.rounds=4 | 4",
        "method={sfprompt: {rounds: 4}} | 4",
      })
  void setReachesTheMethod(String override, long rounds) {
    assertThat(plan("").set(List.of(override)).methodNumber("rounds")).contains(rounds);
  }

  @Test
  void setKeepsWhatItDoesNotName() {
    var plan = plan("method: {sfprompt: {cohort: 3}}").set(List.of("method.rounds=4"));
    assertThat(plan.methodNumber("cohort")).contains(3L);
    assertThat(plan.set(List.of("data.partition.iid.devices=5")).toMap().get("data"))
        .hasToString(
            "{source={spam-assassin={}}, holdout=0.1, partition={iid={devices=5}},"
                + " public={none={}}}");
    assertThat(plan.set(List.of("codecs.update=topk")).codecs()).containsOnlyKeys("update");
    assertThat(plan.set(List.of("codecs.update.topk.share=0.5")).codecs())
        .containsOnlyKeys("update");
    assertThat(plan.set(List.of("model.precision.frozen=bf16")).frozenPrecision())
        .isEqualTo("bf16");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "task.maxTokns=3 | task.maxTokns: unknown key (expected: 'maxTokens'? one of kind,"
            + " maxTokens, pooling, augment)",
        "method.rouns=3 | method.sfprompt.rouns: unknown key (expected: 'rounds'? one of rounds,"
            + " cohort, learningRate, sliceCrossings)",
        "seed | --set: seed (expected: key=value, as method.rounds=4)",
        "seed.x=1 | seed.x: unknown key (expected: seed, which has no keys within)",
        "seed=x | seed: x (expected: a whole number)",
        "seed=null | seed: null (expected: a whole number)",
        "method.rounds=~ | method.sfprompt.rounds: null (expected: a whole number)",
        "data=null | data: null (expected: a mapping of keys to values)",
      })
  void setRefusesWhatThePlanWould(String override, String message) {
    assertThatThrownBy(() -> plan("").set(List.of(override))).hasMessage(message);
  }

  @Test
  void nullIsNoChoice_butATextThatIsNotGiven() {
    assertThatThrownBy(() -> plan("").set(List.of("method=null")))
        .hasMessageStartingWith("method: null (expected: ");
    assertThat(plan("").set(List.of("model.adapter=x", "model.adapter=null")).adapter()).isEmpty();
    assertThat(plan("model: {adapter: null}").adapter()).isEmpty();
  }

  @Test
  void nothingWithinASection_isNamedAsItStands() {
    assertThatThrownBy(() -> plan("method: {sfprompt: {rounds: }}"))
        .hasMessage("method.sfprompt.rounds: '' (expected: a whole number)");
    assertThatThrownBy(() -> plan("method: {sfprompt: {rounds: null}}"))
        .hasMessage("method.sfprompt.rounds: null (expected: a whole number)");
    assertThatThrownBy(() -> plan("data: {holdout: null}"))
        .hasMessageStartingWith("data.holdout: null (expected: ");
  }

  @Test
  void comparedMethodTakesSharedSettingsOver() {
    var plan = plan("method: {sfprompt: {rounds: 3, cohort: 2, learningRate: 0.5}}");
    var other = plan.withMethodEntry("fedavg{cohort: 4}");
    assertThat(other.methodSettings())
        .isEqualTo(Map.of("rounds", 3L, "cohort", 4L, "learningRate", 0.001));
    assertThat(plan.withMethodEntry("sfprompt{sliceCrossings: true}").methodSettings())
        .isEqualTo(Map.of("rounds", 3L, "cohort", 2L, "learningRate", 0.5, "sliceCrossings", true));
  }

  @Test
  void methodEntriesAreSplitOutsideBraces() {
    assertThat(MethodEntry.split("fedavg, sfprompt{a: 1, b: [2, 3]},c"))
        .containsExactly("fedavg", "sfprompt{a: 1, b: [2, 3]}", "c");
    assertThatThrownBy(() -> MethodEntry.split("a,,b"))
        .hasMessage("--methods: 'a,,b' (expected: names with commas between them)");
    assertThatThrownBy(() -> plan("").withMethodEntry("fedavgg"))
        .hasMessage("--methods: fedavgg (expected: 'fedavg'? one of sfprompt, fedavg)");
  }
}
