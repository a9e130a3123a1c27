package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.InstalledWiring;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** FedPT by the command: a tiny decoder as the black box, two of its three layers on devices. */
class FedPtIT {
  @TempDir private Path folder;
  private Path model = Path.of("");

  private record Ended(int code, String out, String err) {}

  private static Ended command(String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var console =
        new Console(
            new ByteArrayInputStream(new byte[0]),
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    int code = Root.execute(console, InstalledWiring::new, args);
    return new Ended(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  @BeforeEach
  void writeFiles() throws IOException, URISyntaxException {
    var csv = new StringBuilder("text,answer\n");
    for (int i = 0; i < 40; i++) {
      csv.append("the river runs ").append(i).append(",it joins again\n");
    }
    Files.writeString(folder.resolve("texts.csv"), csv);
    model =
        Path.of(
            Objects.requireNonNull(getClass().getResource("/tiny-llama"), "tiny-llama").toURI());
    Files.writeString(
        folder.resolve("plan.yaml"),
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
        """
            .formatted(model, folder.resolve("texts.csv")));
  }

  private Ended run(String name, String... set) {
    var args =
        new ArrayList<>(
            List.of(
                "run",
                folder.resolve("plan.yaml").toString(),
                "--output",
                folder.resolve(name).toString()));
    for (var one : set) {
      args.add("--set");
      args.add(one);
    }
    return command(args.toArray(String[]::new));
  }

  private Map<String, Object> summary(String name) {
    return Json.readObject(folder.resolve(name).resolve("summary.json"));
  }

  private double metric(String name, String metric) {
    return summary(name).get("metrics") instanceof Map<?, ?> map
            && map.get(metric) instanceof Number n
        ? n.doubleValue()
        : Double.NaN;
  }

  @Test
  void theProxyTunedModelIsMeasuredAndTheResultIsAnAdapter() throws IOException {
    var one = run("one", "lanes=1", "method.healRounds=0");
    assertThat(one.code()).as(one.err()).isZero();
    var two = run("two", "lanes=2", "method.healRounds=0");
    assertThat(two.code()).as(two.err()).isZero();
    assertThat(summary("two").get("weightsSha256")).isEqualTo(summary("one").get("weightsSha256"));
    assertThat(metric("two", "proxyPerplexity")).isEqualTo(metric("one", "proxyPerplexity"));
    assertThat(metric("one", "proxyPerplexity")).isLessThan(metric("one", "largePerplexity"));
    assertThat(metric("one", "perplexity")).isLessThan(metric("one", "basePerplexity"));
    for (var figure : List.of("rougeL", "largeRougeL", "baseRougeL", "proxyRougeL")) {
      assertThat(metric("one", figure)).as(figure).isBetween(0.0, 1.0);
    }
    assertThat(String.valueOf(summary("one").get("queries"))).startsWith("{texts=16, tokens=");
    for (var form : List.of("peft", "merged")) {
      var exported = command("export", folder.resolve("one").toString(), "--to", form);
      assertThat(exported.code()).as(exported.err()).isZero();
    }
    assertThat(Files.readString(folder.resolve("one/merged/config.json")))
        .contains("\"num_hidden_layers\": 2");
    var merged = folder.resolve("one/merged");
    var again =
        run(
            "again",
            "method={fedavg: {rounds: 1, cohort: 2, learningRate: 0.0, parameterisation: {lora:"
                + " {target_modules: [q_proj]}}}}",
            "model={source: {path: {path: \"" + merged + "\"}}}");
    assertThat(again.code()).as(again.err()).isZero();
    assertThat(metric("again", "loss"))
        .isCloseTo(metric("one", "loss"), org.assertj.core.data.Offset.offset(0.02));
  }

  @Test
  void theBaseThatTheRunHealsIsMeasured() throws IOException {
    var healed = run("healed", "method.rounds=1");
    assertThat(healed.code()).as(healed.err()).isZero();
    assertThat(String.valueOf(summary("healed").get("queries"))).startsWith("{texts=16, tokens=");
    assertThat(Files.readString(folder.resolve("healed/log.jsonl"))).contains("\"healLoss\"");
    var still =
        run("still healed", "method.rounds=1", "method.learningRate=0", "method.distilEvery=2");
    assertThat(still.code()).as(still.err()).isZero();
    assertThat(metric("healed", "basePerplexity")).isEqualTo(metric("still healed", "perplexity"));
    assertThat(metric("healed", "proxyPerplexity")).isLessThan(metric("healed", "largePerplexity"));
  }

  @Test
  void withoutTuningTheProxyIsTheLargeModel() {
    var still =
        run(
            "still",
            "method.learningRate=0.0",
            "method.healRounds=0",
            "method.distilEpochs=0",
            "method.rounds=1");
    assertThat(still.code()).as(still.err()).isZero();
    // one is summed in float by the engine, the other in double over the moved scores
    assertThat(metric("still", "proxyPerplexity"))
        .isCloseTo(metric("still", "largePerplexity"), withinPercentage(1e-3));
    assertThat(metric("still", "perplexity")).isEqualTo(metric("still", "basePerplexity"));
    assertThat(summary("still")).doesNotContainKey("queries");
  }

  @Test
  void aStudentLearnsWithoutDevices() {
    var student =
        run(
            "student",
            "method={student: {rounds: 3, large: \""
                + model
                + "\", distilExamples: 8, distilBatch: 4, distilLearningRate: 0.002}}");
    assertThat(student.code()).as(student.err()).isZero();
    assertThat(String.valueOf(summary("student").get("bytes"))).contains("total=0");
  }

  @Test
  void textsOfAllDevicesAreTrainedOnInOnePlace() {
    var pooled =
        run(
            "pooled",
            "method={central: {rounds: 1, cohort: 2, examples: 16, batch: 4, learningRate: 0.01,"
                + " parameterisation: everything}}");
    assertThat(pooled.code()).as(pooled.err()).isZero();
    var still = run("unpooled", "method={central: {rounds: 1, cohort: 2, learningRate: 0}}");
    assertThat(still.code()).as(still.err()).isZero();
    assertThat(metric("pooled", "perplexity")).isLessThan(metric("unpooled", "perplexity"));
  }

  @Test
  void modelsThatReadTextOtherwiseAreRefused() throws IOException {
    var other = Files.createDirectory(folder.resolve("other"));
    for (var name : List.of("config.json", "model.safetensors")) {
      Files.copy(model.resolve(name), other.resolve(name));
    }
    var tokens = Files.readString(model.resolve("tokenizer.json"));
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
    var refused = run("refused", "method.large=" + other);
    assertThat(refused.code()).isEqualTo(10);
    assertThat(refused.err())
        .contains("anabranch: method.fedpt.large: token ")
        .contains(" of " + other + ": 'b' (expected: 'a', as that of " + model + "[0, 2])");
    var missing = run("missing", "method.large=");
    assertThat(missing.code()).isEqualTo(10);
    assertThat(missing.err()).contains("method.fedpt.large: not given (expected: a model)");
    var silent = run("silent", "data.public=none");
    assertThat(silent.err())
        .contains("data.public: none (expected: texts that belong to no device)");
    var kind = run("kind", "task.kind=text-classification", "method.large=");
    assertThat(kind.code()).isEqualTo(10);
  }
}
