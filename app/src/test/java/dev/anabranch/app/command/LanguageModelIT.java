package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

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

/** The command over a tiny decoder: texts are learned token by token, on the plan file's word. */
class LanguageModelIT {
  @TempDir Path folder;

  private record Ended(int code, String out, String err) {}

  private static Ended command(String... args) {
    var out = new ByteArrayOutputStream();
    var err = new ByteArrayOutputStream();
    var console =
        new Console(
            new ByteArrayInputStream("once upon\n".getBytes(StandardCharsets.UTF_8)),
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
    var model =
        Path.of(
            Objects.requireNonNull(getClass().getResource("/tiny-llama"), "tiny-llama").toURI());
    Files.writeString(
        folder.resolve("plan.yaml"),
        """
        name: rivers
        model: { source: { path: { path: "%s" } } }
        task: { kind: causal-lm, maxTokens: 24 }
        data:
          source: { file: { path: "%s", label: "" } }
          holdout: 0.2
          partition: { iid: { devices: 2 } }
        method:
          fedavg:
            rounds: 2
            cohort: 2
            examples: 16
            batch: 4
            learningRate: 0.02
            parameterisation: { lora: { r: 4, target_modules: [q_proj, v_proj, down_proj] } }
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
  void lowRankUpdatesOfADecoderAreEqualAtAnyNumberOfLanes() {
    var one = run("one", "lanes=1");
    assertThat(one.code()).as(one.err()).isZero();
    var two = run("two", "lanes=2");
    assertThat(two.code()).as(two.err()).isZero();
    assertThat(summary("two").get("weightsSha256")).isEqualTo(summary("one").get("weightsSha256"));
    assertThat(metric("one", "perplexity")).isEqualTo(Math.exp(metric("one", "loss")));
    var none = run("none", "lanes=1", "method.learningRate=0");
    assertThat(none.code()).as(none.err()).isZero();
    assertThat(metric("one", "loss")).isLessThan(metric("none", "loss") - 0.5);
    // 8 texts of 15 or 16 characters, the first after the beginning, and an end
    assertThat(metric("one", "examples")).isBetween(8 * 17.0, 8 * 18.0);
  }

  @Test
  void everyWeightOfKeptLayersIsLearnedFromResponsesAlone() {
    var full =
        run(
            "full",
            "data.source.file.pair=answer",
            "model.keepLayers=[0, 2]",
            "method.parameterisation=everything",
            "method.learningRate=0.001");
    assertThat(full.code()).as(full.err()).isZero();
    assertThat(metric("full", "examples")).isLessThan(8 * 15);
  }

  @Test
  void whatADecoderCannotDoIsNamed() {
    var adapter = run("adapter", "method.parameterisation={adapter: {bottleneck: 4}}");
    assertThat(adapter.err())
        .contains("parameterisation: adapter(bottleneck=4) (expected: one that llama");
    assertThat(adapter.code()).isEqualTo(10);
    var biases = run("biases", "method.parameterisation=bias");
    assertThat(biases.err()).contains("bias (expected: another one: llama has no biases");
    var target = run("target", "method.parameterisation={lora: {target_modules: [query]}}");
    assertThat(target.err())
        .contains(
            "target_modules: query (expected: of q_proj, k_proj, v_proj, o_proj, gate_proj,"
                + " up_proj, down_proj, all-linear)");
    var kind = run("kind", "task.kind=text-classification");
    assertThat(kind.err()).contains("classes: 1 (expected: at least 2)");
    var layers = run("layers", "model.keepLayers=[0, 3]");
    assertThat(layers.err()).contains("model.keepLayers: [0, 3] (expected: layers of 0 to 2");
    var estimate = command("estimate", folder.resolve("plan.yaml").toString());
    assertThat(estimate.err()).contains("model.source: path has no engine without values");
  }

  @Test
  void classesOfADecoderAreNotPredicted() {
    assertThat(run("run", "method.rounds=1").code()).isZero();
    var predict = command("predict", folder.resolve("run").toString());
    assertThat(predict.err()).contains("task.kind: causal-lm (expected: text-classification");
    assertThat(predict.code()).isEqualTo(2);
  }
}
