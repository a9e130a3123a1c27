package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FedPT by the command: a tiny decoder as the black box, two of its three layers on devices. */
class FedPtIT {
  @TempDir private Path folder;
  private Rivers rivers = new Rivers(Path.of(""), Path.of(""));

  @BeforeEach
  void writeFiles() throws IOException, URISyntaxException {
    rivers =
        Rivers.in(
            folder,
            """
            name: rivers
            model: { source: { path: { path: "%1$s" } }, keepLayers: [0, 2] }
            task: { kind: causal-lm, maxTokens: 32 }
            data:
              source: { file: { path: "%2$s", pair: answer, label: "" } }
              public: { file: { path: "%2$s", label: "" } }
              holdout: 0.2
              partition: { iid: { devices: 2 } }
            method:
              fedpt:
                rounds: 2
                cohort: 2
                examples: 16
                batch: 4
                learningRate: 0.02
                parameterisation: { lora: { r: 4, target_modules: [q_proj, v_proj, down_proj] } }
                large: "%1$s"
                healRounds: 1
                distilExamples: 8
                distilBatch: 4
                distilLearningRate: 0.005
            evaluate: { every: 1, batch: 4, continue: 2, newTokens: 4 }
            """);
  }

  @Test
  void theProxyTunedModelIsMeasuredAndTheResultIsAnAdapter() throws IOException {
    var one = rivers.run("one", "lanes=1", "method.healRounds=0");
    assertThat(one.code()).as(one.err()).isZero();
    var two = rivers.run("two", "lanes=2", "method.healRounds=0");
    assertThat(two.code()).as(two.err()).isZero();
    assertThat(rivers.summary("two").get("weightsSha256"))
        .isEqualTo(rivers.summary("one").get("weightsSha256"));
    assertThat(rivers.metric("two", "proxyPerplexity"))
        .isEqualTo(rivers.metric("one", "proxyPerplexity"));
    assertThat(rivers.metric("one", "proxyPerplexity"))
        .isLessThan(rivers.metric("one", "largePerplexity"));
    assertThat(rivers.metric("one", "perplexity"))
        .isLessThan(rivers.metric("one", "basePerplexity"));
    for (var figure : List.of("rougeL", "largeRougeL", "baseRougeL", "proxyRougeL")) {
      assertThat(rivers.metric("one", figure)).as(figure).isBetween(0.0, 1.0);
    }
    assertThat(String.valueOf(rivers.summary("one").get("queries")))
        .startsWith("{texts=16, tokens=");
    for (var form : List.of("peft", "merged")) {
      var exported = Ended.installed("", "export", folder.resolve("one").toString(), "--to", form);
      assertThat(exported.code()).as(exported.err()).isZero();
    }
    assertThat(Files.readString(folder.resolve("one/merged/config.json")))
        .contains("\"num_hidden_layers\": 2");
    var merged = folder.resolve("one/merged");
    var again =
        rivers.run(
            "again",
            "method={fedavg: {rounds: 1, cohort: 2, learningRate: 0.0, parameterisation: {lora:"
                + " {target_modules: [q_proj]}}}}",
            "model={source: {path: {path: \"" + merged + "\"}}}");
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(rivers.metric("again", "loss"))
        .isCloseTo(rivers.metric("one", "loss"), org.assertj.core.data.Offset.offset(0.02));
  }

  @Test
  void theBaseThatTheRunHealsIsMeasured() throws IOException {
    var healed = rivers.run("healed", "method.rounds=1");
    assertThat(healed.code()).as(healed.err()).isZero();
    assertThat(String.valueOf(rivers.summary("healed").get("queries")))
        .startsWith("{texts=16, tokens=");
    assertThat(Files.readString(folder.resolve("healed/log.jsonl"))).contains("\"healLoss\"");
    var still =
        rivers.run(
            "still healed", "method.rounds=1", "method.learningRate=0", "method.distilEvery=2");
    assertThat(still.code()).as(still.err()).isZero();
    assertThat(rivers.metric("healed", "basePerplexity"))
        .isEqualTo(rivers.metric("still healed", "perplexity"));
    assertThat(rivers.metric("healed", "proxyPerplexity"))
        .isLessThan(rivers.metric("healed", "largePerplexity"));
  }

  @Test
  void withoutTuningTheProxyIsTheLargeModel() {
    var still =
        rivers.run(
            "still",
            "method.learningRate=0.0",
            "method.healRounds=0",
            "method.distilEpochs=0",
            "method.rounds=1");
    assertThat(still.code()).as(still.err()).isZero();
    // one is summed in float by the engine, the other in double over the moved scores
    assertThat(rivers.metric("still", "proxyPerplexity"))
        .isCloseTo(rivers.metric("still", "largePerplexity"), withinPercentage(1e-3));
    assertThat(rivers.metric("still", "perplexity"))
        .isEqualTo(rivers.metric("still", "basePerplexity"));
    assertThat(rivers.summary("still")).doesNotContainKey("queries");
  }

  @Test
  void aStudentLearnsWithoutDevices() {
    var student =
        rivers.run(
            "student",
            "method={student: {rounds: 3, large: \""
                + rivers.model()
                + "\", distilExamples: 8, distilBatch: 4, distilLearningRate: 0.002}}");
    assertThat(student.code()).as(student.err()).isZero();
    assertThat(String.valueOf(rivers.summary("student").get("bytes"))).contains("total=0");
  }

  @Test
  void textsOfAllDevicesAreTrainedOnInOnePlace() {
    var pooled =
        rivers.run(
            "pooled",
            "method={central: {rounds: 1, cohort: 2, examples: 16, batch: 4, learningRate: 0.01,"
                + " parameterisation: everything}}");
    assertThat(pooled.code()).as(pooled.err()).isZero();
    var still = rivers.run("unpooled", "method={central: {rounds: 1, cohort: 2, learningRate: 0}}");
    assertThat(still.code()).as(still.err()).isZero();
    assertThat(rivers.metric("pooled", "perplexity"))
        .isLessThan(rivers.metric("unpooled", "perplexity"));
  }

  @Test
  void modelsThatReadTextOtherwiseAreRefused() throws IOException {
    var other = Files.createDirectory(folder.resolve("other"));
    for (var name : List.of("config.json", "model.safetensors")) {
      Files.copy(rivers.model().resolve(name), other.resolve(name));
    }
    var tokens = Files.readString(rivers.model().resolve("tokenizer.json"));
    int a = tokens.indexOf("\"a\":");
    int b = tokens.indexOf("\"b\":");
    assertThat(a).isPositive();
    assertThat(b).isPositive();
    Files.writeString(
        other.resolve("tokenizer.json"),
        tokens
            .replace("\"a\":", "\"?a\":")
            .replace("\"b\":", "\"a\":")
            .replace("\"?a\":", "\"b\":"));
    var refused = rivers.run("refused", "method.large=" + other);
    assertThat(refused.code()).isEqualTo(10);
    assertThat(refused.err())
        .contains("anabranch: method.fedpt.large: token ")
        .contains(
            " of " + other + ": 'b' (expected: 'a', as that of " + rivers.model() + "[0, 2])");
    var missing = rivers.run("missing", "method.large=");
    assertThat(missing.code()).isEqualTo(10);
    assertThat(missing.err()).contains("method.fedpt.large: not given (expected: a model)");
    var silent = rivers.run("silent", "data.public=none");
    assertThat(silent.err())
        .contains("data.public: none (expected: texts that belong to no device)");
    var kind = rivers.run("kind", "task.kind=text-classification", "method.large=");
    assertThat(kind.code()).isEqualTo(10);
  }
}
