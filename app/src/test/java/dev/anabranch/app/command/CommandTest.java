package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.core.RunLock;
import dev.anabranch.testkit.ToyEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CommandTest {
  private static final String PLAN =
      """
      name: toy
      seed: 3
      lanes: 1
      method: { fedavg: { rounds: 2, cohort: 3, examples: 8, batch: 4, learningRate: 0.05 } }
      """;

  @TempDir Path folder;
  private Path plan = Path.of("");

  private static Ended run(Object... args) {
    return Ended.toy("", args);
  }

  @BeforeEach
  void writePlan() throws IOException {
    plan = folder.resolve("plan.yaml");
    Files.writeString(plan, PLAN);
  }

  private Path done() {
    var at = folder.resolve("done");
    assertThat(run("run", plan, "--output", at).code()).isZero();
    return at;
  }

  @Test
  void helpNamesEveryVerb() {
    var help = run("--help");
    assertThat(help.code()).isZero();
    assertThat(help.out())
        .contains(
            "demo",
            "run",
            "resume",
            "compare",
            "estimate",
            "report",
            "predict",
            "export",
            "list",
            "schema",
            "completion",
            "docs/errors.md");
    assertThat(run("run", "--help").out()).contains("--set", "--seeds", "--json");
    assertThat(run("--version").out()).startsWith("anabranch ");
    assertThat(run("completion").out()).contains("complete -F");
    assertThat(run("completion", "--help").out())
        .contains("source <(anabranch completion)")
        .doesNotContain("generate-completion");
  }

  @Test
  void exportWritesIntoAFolderOfItsOwn() throws IOException {
    var at = done();
    var peft = run("export", at, "--to", "peft", "--json");
    assertThat(peft.code()).as(peft.err()).isZero();
    assertThat(peft.json().path("folder").asText()).isEqualTo(at.resolve("peft").toString());
    assertThat(Files.size(at.resolve("peft").resolve("trained.safetensors"))).isPositive();
    var merged = run("export", at, "--to", "merged", "--output", folder.resolve("whole"));
    assertThat(merged.out()).isEqualTo("merged: " + folder.resolve("whole") + "\n");
    var again = run("export", at, "--to", "merged", "--output", folder.resolve("whole"));
    assertThat(again.code()).isEqualTo(2);
    assertThat(again.err())
        .isEqualTo(
            "anabranch: --output: "
                + folder.resolve("whole")
                + ": not empty (expected: a folder that is new or empty)\n");
    var other = run("export", at, "--to", "onnx");
    assertThat(other.err())
        .isEqualTo(
            "anabranch: FORM: onnx (expected: one of PEFT, MERGED); see 'anabranch export"
                + " --help'\n");
    assertThat(run("export", folder.resolve("nothing"), "--to", "peft").code()).isEqualTo(2);
  }

  @Test
  void runLeavesAWholeRecord() throws IOException {
    var at = folder.resolve("one");
    var ended = run("run", plan, "--output", at, "--json");
    assertThat(ended.err()).contains("[ROUND 1/2] fedavg: accuracy ").contains("[ROUND 2/2]");
    assertThat(ended.code()).isZero();
    var one = ended.json().path("runs").path(0);
    assertThat(one.path("run").asText()).isEqualTo("one");
    assertThat(one.path("method").asText()).isEqualTo("fedavg");
    assertThat(one.path("rounds").asInt()).isEqualTo(2);
    assertThat(one.path("devices").asInt()).isEqualTo(6);
    assertThat(one.path("cohort").asInt()).isEqualTo(3);
    var bytes = one.path("bytes");
    assertThat(bytes.path("total").asLong())
        .isPositive()
        .isEqualTo(bytes.path("down").asLong() + bytes.path("up").asLong());
    assertThat(bytes.path("byTopic").path("update").asLong()).isPositive();
    assertThat(one.path("macs").path("device").asLong()).isPositive();
    assertThat(one.path("weightsSha256").asText()).matches("[0-9a-f]{64}");
    for (var file :
        new String[] {
          "plan.yaml",
          "log.jsonl",
          "summary.json",
          "report.html",
          "checkpoints",
          "trained.safetensors",
          "provenance.json"
        }) {
      assertThat(at.resolve(file)).exists();
    }
    assertThat(Ended.JSON.readTree(at.resolve("summary.json").toFile())).isEqualTo(one);
    assertThat(Ended.JSON.readTree(at.resolve("provenance.json").toFile()).path("seed").asInt())
        .isEqualTo(3);
    assertThat(Files.readString(at.resolve("plan.yaml"))).contains("evaluate:");
    assertThat(Files.readAllLines(at.resolve("log.jsonl")).getFirst())
        .startsWith("{\"kind\":\"run\",\"round\":-1,\"name\":\"toy\"");
  }

  @Test
  void recordedPlanGivesTheSameWeights() {
    var first = run("run", plan, "--output", folder.resolve("a"), "--json").json();
    var again =
        run("run", folder.resolve("a/plan.yaml"), "--output", folder.resolve("b"), "--json").json();
    var other = run("run", plan, "--set", "seed=4", "--runs", folder, "--json").json();
    assertThat(sha(again)).isEqualTo(sha(first));
    assertThat(sha(other)).isNotEqualTo(sha(first));
    assertThat(other.path("folder").asText()).contains("toy-20");
  }

  private static String sha(JsonNode runs) {
    return runs.path("runs").path(0).path("weightsSha256").asText();
  }

  @Test
  void compareRunsSideBySide() {
    var at = folder.resolve("both");
    var ended =
        run(
            "compare",
            plan,
            "--methods",
            "fedavg,sfprompt{headLayers: 1, tailLayers: 1, selfUpdateEpochs: 1}",
            "--output",
            at);
    assertThat(ended.err()).doesNotContain("anabranch:");
    assertThat(ended.code()).isZero();
    assertThat(ended.out())
        .contains("fedavg ", "(100.0 %)", "sfprompt{headLayers: 1", "Shares are of the run named")
        .contains("report: " + at.resolve("report.html"));
    assertThat(at.resolve("report.html")).exists();
    assertThat(at.resolve("fedavg/summary.json")).exists();
    assertThat(at.resolve("sfprompt-headLayers-1-tailLayers-1-selfUpdateEpochs-1/summary.json"))
        .exists();
    assertThat(run("predict", at).err())
        .isEqualTo("anabranch: " + at + ": several runs (expected: one of the folders in it)\n");
    assertThat(run("report", at, "--output", folder.resolve("again.html")).code()).isZero();
    assertThat(folder.resolve("again.html")).exists();
  }

  @Test
  void comparedMethodsTakeTheCodecsOfTheirTopics() throws IOException {
    var at = folder.resolve("codecs");
    var methods = "fedavg,sfprompt{headLayers: 1, tailLayers: 1, selfUpdateEpochs: 1}";
    var ended =
        run(
            "compare",
            plan,
            "--methods",
            methods,
            "--set",
            "codecs={activation: fp16, update: bf16}",
            "--output",
            at);
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(Files.readString(at.resolve("fedavg/plan.yaml")))
        .contains("update:")
        .doesNotContain("activation:");
    var wrong = run("compare", plan, "--methods", methods, "--set", "codecs={activaton: fp16}");
    assertThat(wrong.code()).isEqualTo(10);
    assertThat(wrong.err())
        .startsWith(
            "anabranch: codecs.activaton: no such topic in any of the methods (expected: one of"
                + " activation, ");
  }

  @Test
  void breakEvenIsAgainstAllWeights() {
    var whole = run("estimate", plan, "--json").json().path("breakEven");
    var head =
        run("estimate", plan, "--json", "--set", "method.parameterisation=head")
            .json()
            .path("breakEven");
    assertThat(head).isNotEmpty();
    assertThat(head.findValue("fullFineTuningBytesPerVisit"))
        .isEqualTo(whole.findValue("fullFineTuningBytesPerVisit"));
  }

  @Test
  void seedsGiveMeanAndDeviation() {
    var ended = run("run", plan, "--seeds", 2, "--output", folder.resolve("two"), "--json").json();
    assertThat(ended.path("runs")).hasSize(2);
    assertThat(ended.path("runs").path(1).path("seed").asInt()).isEqualTo(4);
    var means = ended.path("means").path(0);
    assertThat(means.path("seeds").asInt()).isEqualTo(2);
    double a = ended.path("runs").path(0).path("metrics").path("accuracy").asDouble();
    double b = ended.path("runs").path(1).path("metrics").path("accuracy").asDouble();
    assertThat(means.path("accuracy").path("mean").asDouble()).isEqualTo((a + b) / 2);
  }

  @Test
  void estimateSaysWhatTheRunThenCosts() {
    var estimate = run("estimate", plan, "--json").json();
    var ran =
        run("run", plan, "--output", folder.resolve("r"), "--json").json().path("runs").path(0);
    assertThat(estimate.path("bytes")).isEqualTo(ran.path("bytes"));
    assertThat(estimate.path("macs")).isEqualTo(ran.path("macs"));
    assertThat(estimate.path("seconds").path("virtual").asDouble())
        .isEqualTo(ran.path("seconds").path("virtual").asDouble());
    assertThat(run("estimate", plan).out()).contains("break-even", "virtual time", "MACs, device");
  }

  @Test
  void splitMethodHasABreakEven() {
    var estimate =
        run(
                "estimate",
                plan,
                "--json",
                "--set",
                "method={sfprompt: {rounds: 1, cohort: 3, "
                    + "examples: 8, batch: 4, headLayers: 1, tailLayers: 1, selfUpdateEpochs: 1}}")
            .json();
    assertThat(estimate.path("breakEven").path("bytesPerRetainedExample").asDouble()).isPositive();
    var full = run("estimate", plan, "--json").json().path("breakEven");
    assertThat(full.path("bytesPerRetainedExample").asDouble()).isZero();
    assertThat(full.path("retainedExamples").isNull()).isTrue();
  }

  @Test
  void predictClassifiesLines() {
    var at = done();
    try (var engine = ToyEngine.small(1)) {
      var points = engine.shard(40, 5);
      var input = new StringBuilder();
      for (int row = 0; row < points.size(); row++) {
        input.append(ToyWiring.line(points.values()[row])).append('\n');
      }
      var ended = Ended.toy(input.toString(), "predict", at.toString());
      assertThat(ended.code()).isZero();
      assertThat(ended.out().lines())
          .hasSize(40)
          .allMatch(l -> l.matches("(red|green|blue)\t0\\.\\d{4}|.*\t1.0000"));
      var first =
          Ended.toy(input.toString(), "predict", at.toString(), "--json").out().lines().toList();
      assertThat(first).hasSize(40).allMatch(line -> line.startsWith("{\"text\":\""));
    }
    assertThat(Ended.toy("", "predict", at.toString()).out()).isEmpty();
  }

  @Test
  void tamperedResultIsRefused() throws IOException {
    var at = done();
    var file = at.resolve("trained.safetensors");
    var bytes = Files.readAllBytes(file);
    bytes[bytes.length - 1] ^= 1;
    Files.write(file, bytes);
    var ended = Ended.toy("0 0 0 0 0\n", "predict", at.toString());
    assertThat(ended.code()).isEqualTo(32);
    assertThat(ended.err())
        .startsWith("anabranch: " + file + ": SHA-256 of values ")
        .contains("as the run recorded");
  }

  @Test
  void secondResumeIsRefused() {
    var at = done();
    var ended = run("resume", at);
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.err()).startsWith("anabranch: " + at + ": complete (expected: ");
  }

  @Test
  void resumeOfARunInUseIsRefused() throws IOException {
    var at = Files.createDirectory(folder.resolve("busy"));
    Files.writeString(at.resolve("plan.yaml"), PLAN);
    try (var held = RunLock.take(at)) {
      assertThat(held).isNotNull();
      var ended = run("resume", at);
      assertThat(ended.code()).isEqualTo(31);
      assertThat(ended.err()).startsWith("anabranch: run folder: " + at + " (expected: not in use");
    }
    assertThat(run("resume", at).code()).isZero();
  }

  @Test
  void pageThatCannotBeWrittenIsMadeLater() throws IOException {
    var at = folder.resolve("pageless");
    var inTheWay = Files.createDirectories(at.resolve("report.html/full"));
    Files.writeString(at.resolve("plan.yaml"), PLAN);
    var ended = run("resume", at);
    assertThat(ended.code()).isEqualTo(30);
    assertThat(ended.err()).endsWith("; go on with: anabranch report " + at + "\n");
    Files.delete(inTheWay);
    Files.delete(inTheWay.getParent());
    assertThat(run("report", at).code()).isZero();
    assertThat(at.resolve("report.html")).isRegularFile();
  }

  @ParameterizedTest
  @ValueSource(strings = {"methods", "models", "sources", "partitioners", "codecs", "profiles"})
  void listsAreTextOrJson(String what) {
    var text = run("list", what).out();
    assertThat(text).isNotEmpty();
    if (what.equals("methods")) {
      assertThat(text)
          .contains("rounds: 12  # how many aggregations (1 to 1000000)")
          .contains("optimizer: adamw  # how variables are stepped (adamw, sgd)")
          .contains("lora{r: 8, ");
    }
    assertThat(run("list", what, "--json").json().path(what)).isNotEmpty();
  }

  @Test
  void schemaIsJson() {
    assertThat(run("schema").json().path("properties").has("method")).isTrue();
    assertThat(run("schema", "--json").json()).isEqualTo(run("schema").json());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "seed=x | 10 | seed: x (expected: a whole number)",
        "method.cohort=7 | 10 | method.fedavg.cohort: 7 (expected: at most 6, the number of"
            + " devices)",
        "method.quorum=4 | 10 | method.fedavg.quorum: 4 (expected: at most 3, the size of the"
            + " cohort)",
        "codecs={activaton: fp32} | 10 | codecs.activaton: no such topic in fedavg (expected: one"
            + " of global, update)",
        "data.partition.even.examples=0 | 11 | data.partition: device 0 has no examples (expected:"
            + " at least 1 on each device; deal to fewer devices or set a minimum)",
        "devices.profiles=[tiny] | 13 | devices.profiles: tiny has 1 B (expected: at least ",
        "method={sfprompt: {headLayers: 9, tailLayers: 0, cohort: 3}} | 10 | headLayers: 9"
            + " (expected: 0 to 4)",
      })
  void badPlanIsRefusedBeforeAnythingRuns(String set, int code, String message) {
    var at = folder.resolve("bad");
    var ended = run("run", plan, "--set", set, "--output", at, "--json");
    assertThat(ended.err()).startsWith("anabranch: " + message);
    assertThat(ended.code()).isEqualTo(code);
    assertThat(at).doesNotExist();
    var json = ended.json();
    assertThat(json.path("success").asBoolean(true)).isFalse();
    assertThat(json.path("exit-code").asInt()).isEqualTo(code);
    assertThat(ended.err()).isEqualTo("anabranch: " + json.path("error-message").asText() + "\n");
  }

  @Test
  void tooFewRepliesKeepWhatWasDone() {
    var at = folder.resolve("lossy");
    var ended =
        run(
            "run",
            plan,
            "--output",
            at,
            "--set",
            "method.quorum=3",
            "--set",
            "method.rounds=40",
            "--set",
            "faults.rate=0.2");
    assertThat(ended.code()).isEqualTo(20);
    assertThat(at.resolve("log.jsonl")).exists();
    assertThat(at.resolve("summary.json")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "run none.yaml --jsn | --jsn: unknown option (expected: --json); see 'anabranch run"
            + " --help'",
        "run none.yaml | none.yaml: no such file (expected: a run plan in YAML)",
        "lst | lst: unknown argument (expected: list or estimate); see 'anabranch --help'",
        "resume none | none: no plan.yaml in it (expected: the folder of a run)",
        "report none | none: no plan.yaml in it (expected: the folder of a run)",
        "list foo | WHAT: foo (expected: one of methods, models, sources, partitioners, codecs,"
            + " profiles); see 'anabranch list --help'",
        "run | Missing required parameter: 'PLAN.yaml'; see 'anabranch run --help'",
      })
  void wrongUseIsExplained(String line, String message) {
    var ended = Ended.toy("", (Object[]) line.split(" "));
    assertThat(ended.err()).isEqualTo("anabranch: " + message + "\n");
    assertThat(ended.code()).isEqualTo(2);
    assertThat(ended.out()).isEmpty();
  }

  @Test
  void namedFolderThatIsUsedIsRefused() {
    var at = done();
    var ended = run("run", plan, "--output", at);
    assertThat(ended.code()).isEqualTo(31);
    assertThat(ended.err()).contains(at + ": not empty (expected: a new or empty folder");
  }
}
