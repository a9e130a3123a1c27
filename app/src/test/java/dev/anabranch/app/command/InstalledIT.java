package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command over the real modules: a pre-trained model, a file of texts, one round. */
class InstalledIT {
  @TempDir Path folder;

  @BeforeEach
  void writeFiles() throws IOException {
    var csv = new StringBuilder("text,label\n");
    for (int i = 0; i < 40; i++) {
      csv.append(
          i % 2 == 0
              ? "win prize number " + i + " now,spam\n"
              : "shall we meet for lunch at " + i + ",ham\n");
    }
    Files.writeString(folder.resolve("texts.csv"), csv);
    Files.writeString(
        folder.resolve("plan.yaml"),
        """
        name: lunch
        task: { maxTokens: 16 }
        data:
          source: { file: { path: "%s" } }
          holdout: 0.2
          partition: { iid: { devices: 2 } }
        method:
          sfprompt: { rounds: 2, cohort: 2, examples: 16, batch: 8, selfUpdateEpochs: 1 }
        """
            .formatted(folder.resolve("texts.csv")));
  }

  @Test
  void textsAreLearnedAndPredicted() throws IOException {
    var at = folder.resolve("run").toString();
    var ran =
        Ended.installed(
            "", "run", folder.resolve("plan.yaml").toString(), "--output", at, "--json");
    assertThat(ran.code()).as(ran.err()).isZero();
    assertThat(ran.out()).startsWith("{\"runs\":[{\"run\":\"run\"").contains("\"activation\":");
    var lines = Ended.installed("win a prize\nlunch at noon?\n", "predict", at);
    assertThat(lines.code()).as(lines.err()).isZero();
    assertThat(lines.out().lines())
        .hasSize(2)
        .allMatch(l -> l.matches("(spam|ham)\t[01]\\.\\d{4}"));
    var again =
        Ended.installed(
            "", "run", at + "/plan.yaml", "--output", folder.resolve("b").toString(), "--json");
    assertThat(sha(again.out())).isEqualTo(sha(ran.out()));
  }

  /** A run's adapter is written, read back as the start of another run, and merged. */
  @Test
  void anAdapterIsWrittenAndBegunWith() throws IOException {
    var at = folder.resolve("lora").toString();
    var plan = folder.resolve("plan.yaml").toString();
    var lora = "method={fedavg: {rounds: 1, cohort: 2, parameterisation: lora}}";
    assertThat(Ended.installed("", "run", plan, "--set", lora, "--output", at).code()).isZero();
    for (var form : java.util.List.of("peft", "merged")) {
      var exported = Ended.installed("", "export", at, "--to", form);
      assertThat(exported.code()).as(exported.err()).isZero();
    }
    assertThat(folder.resolve("lora/merged/config.json")).exists();
    assertThat(Files.readString(folder.resolve("lora/peft/adapter_config.json")))
        .contains("\"base_model_name_or_path\": \"sentence-transformers/all-MiniLM-L6-v2\"");
    var adapter = "model.adapter=" + at + "/peft";
    var still = "method.learningRate=0.0";
    var b = folder.resolve("b").toString();
    var c = folder.resolve("c").toString();
    var same =
        Ended.installed(
            "", "run", plan, "--set", lora, "--set", still, "--set", adapter, "--output", b);
    assertThat(same.code()).as(same.err()).isZero();
    assertThat(sha(Files.readString(folder.resolve("b/summary.json"))))
        .isEqualTo(sha(Files.readString(folder.resolve("lora/summary.json"))));
    var refused = Ended.installed("", "run", plan, "--set", adapter, "--output", c);
    assertThat(refused.code()).isEqualTo(10);
    assertThat(refused.err())
        .startsWith("anabranch: model.adapter: " + at + "/peft: 'encoder.layer.0.attention.")
        .contains(
            "(expected: variables that the method trains; give it the adapter's"
                + " parameterisation)");
  }

  private static String sha(String json) {
    return json.replaceAll("(?s).*\"weightsSha256\" ?: ?\"([0-9a-f]{64})\".*", "$1");
  }

  @Test
  void pairsAreLearnedAndPredicted() throws IOException {
    var csv = new StringBuilder("text,other,label\n");
    for (int i = 0; i < 40; i++) {
      csv.append("lunch at ").append(i).append(i % 2 == 0 ? ",a meal,1\n" : ",a prize,0\n");
    }
    Files.writeString(folder.resolve("texts.csv"), csv);
    var at = folder.resolve("pairs").toString();
    var ran =
        Ended.installed(
            "",
            "run",
            folder.resolve("plan.yaml").toString(),
            "--set",
            "data.source.file.pair=other",
            "--set",
            "method={fedavg: {rounds: 1, cohort: 2, parameterisation: head}}",
            "--output",
            at);
    assertThat(ran.code()).as(ran.err()).isZero();
    var one = Ended.installed("lunch at noon\ta meal\n", "predict", at, "--json").out();
    var other = Ended.installed("lunch at noon\ta prize\n", "predict", at, "--json").out();
    assertThat(one.replaceAll(".*\"label\"", "")).isNotEqualTo(other.replaceAll(".*\"label\"", ""));
    var refused = Ended.installed("lunch at noon\n", "predict", at);
    assertThat(refused.err())
        .isEqualTo(
            "anabranch: standard input: 'lunch at noon' without a tab (expected: two texts with a"
                + " tab between them on each line, as the run was trained on pairs)\n");
    assertThat(refused.code()).isEqualTo(11);
  }

  @Test
  void missingColumnIsNamed() {
    var ended =
        Ended.installed(
            "",
            "run",
            folder.resolve("plan.yaml").toString(),
            "--set",
            "data.source.file.text=body",
            "--output",
            folder.resolve("bad").toString());
    assertThat(ended.err()).contains("body").contains("(expected: ");
    assertThat(ended.code()).isEqualTo(11);
  }

  @Test
  void cutOutsideTheModelIsNamed() {
    var ended =
        Ended.installed(
            "",
            "run",
            folder.resolve("plan.yaml").toString(),
            "--set",
            "method.headLayers=7",
            "--output",
            folder.resolve("bad").toString());
    assertThat(ended.err()).contains("headLayers: 7 (expected: 0 to 6)");
    assertThat(ended.code()).isEqualTo(10);
  }
}
