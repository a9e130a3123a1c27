package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.record.Json;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

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

  /** What is told of bytes and products is what the run counts, to the last one. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "fedavg: {parameterisation: {adapter: {bottleneck: 4}}",
        "sfl-ff: {headLayers: 1, tailLayers: 1",
        "parablock: {order: ascending"
      })
  void costsAreKnownBeforehand(String method) {
    var entry = "method={" + method + ", rounds: 2, cohort: 2, examples: 16, batch: 4}}";
    var run = rivers.run("run", entry);
    assertThat(run.code()).as(run.err()).isZero();
    var told =
        Ended.installed("", "estimate", folder.resolve("plan.yaml"), "--json", "--set", entry);
    assertThat(told.code()).as(told.err()).isZero();
    assertThat(Json.object(Path.of("told"), told.out()))
        .containsEntry("bytes", rivers.summary("run").get("bytes"))
        .containsEntry("macs", rivers.summary("run").get("macs"));
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
    var biases = rivers.run("biases", "method.parameterisation=bias");
    assertThat(biases.err()).contains("bias (expected: another one: llama has no biases");
    assertThat(biases.code()).isEqualTo(10);
    var target = rivers.run("target", "method.parameterisation={lora: {target_modules: [query]}}");
    assertThat(target.err())
        .contains(
            "target_modules: query (expected: of q_proj, k_proj, v_proj, o_proj, gate_proj,"
                + " up_proj, down_proj, all-linear)");
    var kind = rivers.run("kind", "task.kind=text-classification");
    assertThat(kind.err()).contains("classes: 1 (expected: at least 2)");
    var layers = rivers.run("layers", "model.keepLayers=[0, 3]");
    assertThat(layers.err()).contains("model.keepLayers: [0, 3] (expected: layers of 0 to 2");
  }

  @Test
  void linesAreContinuedByWhatWasLearned() {
    assertThat(rivers.run("run", "method.rounds=1").code()).isZero();
    var lines = "the river\nonce upon a time\n";
    var greedy = predict(lines, "--new-tokens", "7");
    assertThat(greedy.code()).as(greedy.err()).isZero();
    assertThat(greedy.out().lines()).hasSize(2).first().isNotEqualTo("");
    assertThat(predict(lines, "--new-tokens", "7").out()).isEqualTo(greedy.out());
    assertThat(predict("the river\n", "--new-tokens", "7").out().strip())
        .as("alone as beside others")
        .isEqualTo(greedy.out().lines().findFirst().orElseThrow().strip());
    var json = predict("the river\n", "--new-tokens", "3", "--json");
    assertThat(Json.object(Path.of("out"), json.out()))
        .containsEntry("text", "the river")
        .containsEntry("tokens", 3)
        .containsKey("continuation");
    var drawn = predict(lines, "--temperature", "5", "--top-p", "0.9", "--seed", "4");
    assertThat(drawn.code()).as(drawn.err()).isZero();
    assertThat(drawn.out()).isNotEqualTo(predict(lines).out());
    assertThat(predict(lines, "--temperature", "5", "--top-p", "0.9", "--seed", "4").out())
        .isEqualTo(drawn.out());
  }

  @Test
  void howALineIsContinuedIsChecked() {
    assertThat(rivers.run("run", "method.rounds=1").code()).isZero();
    assertThat(predict("", "--new-tokens", "0").err())
        .contains("--new-tokens: 0 (expected: 1 to 100000)");
    assertThat(predict("", "--top-p", "2").err()).contains("topP: 2.0 (expected: above 0 to 1)");
    var far = predict("the river\n", "--new-tokens", "100000", "--json");
    assertThat(far.code()).as(far.err()).isZero();
    assertThat((Integer) Json.object(Path.of("out"), far.out()).get("tokens"))
        .as("the model reads 64")
        .isBetween(1, 63);
  }

  private Ended predict(String lines, String... options) {
    var words = new ArrayList<>(List.of("predict", folder.resolve("run").toString()));
    words.addAll(List.of(options));
    return Ended.installed(lines, words.toArray(String[]::new));
  }
}
