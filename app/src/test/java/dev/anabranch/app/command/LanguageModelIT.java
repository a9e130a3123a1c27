package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command over a tiny decoder: texts are learned token by token, on the plan file's word. */
class LanguageModelIT {
  @TempDir Path folder;
  private Rivers rivers = new Rivers(Path.of(""), Path.of(""));

  @BeforeEach
  void writeFiles() throws IOException, URISyntaxException {
    rivers =
        Rivers.in(
            folder,
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
            """);
  }

  @Test
  void lowRankUpdatesOfADecoderAreEqualAtAnyNumberOfLanes() {
    var one = rivers.run("one", "lanes=1");
    assertThat(one.code()).as(one.err()).isZero();
    var two = rivers.run("two", "lanes=2");
    assertThat(two.code()).as(two.err()).isZero();
    assertThat(rivers.summary("two").get("weightsSha256"))
        .isEqualTo(rivers.summary("one").get("weightsSha256"));
    assertThat(rivers.metric("one", "perplexity"))
        .isEqualTo(Math.exp(rivers.metric("one", "loss")));
    var none = rivers.run("none", "lanes=1", "method.learningRate=0");
    assertThat(none.code()).as(none.err()).isZero();
    assertThat(rivers.metric("one", "loss")).isLessThan(rivers.metric("none", "loss") - 0.5);
    // 8 texts of 15 or 16 characters, the first after the beginning, and an end
    assertThat(rivers.metric("one", "examples")).isBetween(8 * 17.0, 8 * 18.0);
  }

  @Test
  void everyWeightOfKeptLayersIsLearnedFromResponsesAlone() {
    var full =
        rivers.run(
            "full",
            "data.source.file.pair=answer",
            "model.keepLayers=[0, 2]",
            "method.parameterisation=everything",
            "method.learningRate=0.001");
    assertThat(full.code()).as(full.err()).isZero();
    assertThat(rivers.metric("full", "examples")).isLessThan(8 * 15);
  }

  @Test
  void whatADecoderCannotDoIsNamed() {
    var adapter = rivers.run("adapter", "method.parameterisation={adapter: {bottleneck: 4}}");
    assertThat(adapter.err())
        .contains("parameterisation: adapter(bottleneck=4) (expected: one that llama");
    assertThat(adapter.code()).isEqualTo(10);
    var biases = rivers.run("biases", "method.parameterisation=bias");
    assertThat(biases.err()).contains("bias (expected: another one: llama has no biases");
    var target = rivers.run("target", "method.parameterisation={lora: {target_modules: [query]}}");
    assertThat(target.err())
        .contains(
            "target_modules: query (expected: of q_proj, k_proj, v_proj, o_proj, gate_proj,"
                + " up_proj, down_proj, all-linear)");
    var kind = rivers.run("kind", "task.kind=text-classification");
    assertThat(kind.err()).contains("classes: 1 (expected: at least 2)");
    var layers = rivers.run("layers", "model.keepLayers=[0, 3]");
    assertThat(layers.err()).contains("model.keepLayers: [0, 3] (expected: layers of 0 to 2");
    var estimate = Ended.installed("", "estimate", folder.resolve("plan.yaml").toString());
    assertThat(estimate.err()).contains("model.source: path has no engine without values");
  }

  @Test
  void classesOfADecoderAreNotPredicted() {
    assertThat(rivers.run("run", "method.rounds=1").code()).isZero();
    var predict = Ended.installed("once upon\n", "predict", folder.resolve("run").toString());
    assertThat(predict.err()).contains("task.kind: causal-lm (expected: text-classification");
    assertThat(predict.code()).isEqualTo(2);
  }
}
