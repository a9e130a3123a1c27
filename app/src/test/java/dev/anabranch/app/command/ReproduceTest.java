package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code reproduce} with real methods over the toy engine. */
class ReproduceTest {
  private static final String CLAIMS =
      """
      paper: "A Toy, arXiv 0000.00000"
      seeds: 2
      plans: { whole: whole.yaml, head: head.yaml }
      quick: { whole: { file: whole.yaml, set: [method.rounds=1] } }
      data: { datasets/toys: "toys from the attic" }
      claims:
        - claim: less traffic
          source: table 1
          against: everything
          measure: { share-saved: { figure: bytes, of: head, from: whole } }
          pass: { least: 0.5 }
        - claim: everything is the same
          source: section 2
          against: itself
          measure: { difference: { figure: accuracy, of: whole, from: whole } }
          pass: { least: 0 }
        - claim: no traffic at all
          source: figure 3
          against: itself
          measure: { ratio: { figure: bytes, of: whole, from: whole } }
          pass: { below: 0.5 }
          partly: { below: 0.75 }
          cause: a run is as large as itself
      """;

  @TempDir Path folder;

  private Ended run(Object... args) {
    return Ended.toy(
        "",
        Stream.concat(Stream.of(args), Stream.of("--papers", folder, "--output", at())).toArray());
  }

  private Path at() {
    return folder.resolve("out");
  }

  private static String plan(String parameterisation) {
    return """
    name: toy
    seed: 3
    lanes: 1
    method:
      fedavg:
        rounds: 3
        cohort: 3
        examples: 8
        batch: 4
        learningRate: 0.05
        parameterisation: %s
    """
        .formatted(parameterisation);
  }

  @BeforeEach
  void writePaper() throws IOException {
    var toy = Files.createDirectory(folder.resolve("toy"));
    Files.writeString(toy.resolve("whole.yaml"), plan("everything"));
    Files.writeString(toy.resolve("head.yaml"), plan("head"));
    Files.writeString(toy.resolve("claims.yaml"), CLAIMS);
  }

  @Test
  void claimsAreJudged() throws IOException {
    var ended = run("reproduce", "toy");
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.out())
        .startsWith("A Toy, arXiv 0000.00000\n\nplan   seeds  accuracy")
        .contains(
            "1. less traffic (table 1)\n   against   everything\n"
                + "   measure   1 − traffic of head / traffic of whole\n   here      ",
            "2. everything is the same",
            "; no difference: two standard errors",
            "   verdict   pass\n",
            "   here      1.00 (",
            "   verdict   not reproduced: a run is as large as itself\n",
            "2 pass, 0 partly, 1 not reproduced, 0 not judged\n",
            "claims: " + at().resolve("claims.json"));
    var page = Files.readString(at().resolve("report.html"));
    assertThat(page)
        .contains(
            "What was published, and what came out here",
            "<th scope=\"row\">less traffic<small>table 1</small></th>",
            "<b>not reproduced</b><small>a run is as large as itself</small>");
    assertThat(page).doesNotContain("{{claim");
  }

  @Test
  void whatHasRunIsNotRunAgain() throws IOException {
    var first = run("reproduce", "toy", "--json");
    assertThat(first.json().path("runs")).hasSize(4);
    assertThat(first.json().path("claims")).hasSize(3);
    assertThat(first.json().at("/claims/2/verdict").asText()).isEqualTo("not reproduced");
    assertThat(first.json().at("/claims/2/cause").asText())
        .isEqualTo("a run is as large as itself");
    assertThat(first.json().at("/claims/0/value").asDouble()).isGreaterThan(0.5);
    assertThat(first.json().at("/runs/0/label").asText()).isEqualTo("whole");
    assertThat(first.json().at("/runs/1/seed").asInt()).isEqualTo(4);
    assertThat(first.err().lines()).hasSize(12);
    var again = run("reproduce", "toy", "--json");
    assertThat(again.out()).isEqualTo(first.out());
    assertThat(again.err()).isEmpty();
    assertThat(run("reproduce", "toy", "--set", "method.rounds=2").err().lines()).hasSize(8);
    assertThat(run("reproduce", "toy", "--again").err().lines()).hasSize(12);
    assertThat(Files.readString(at().resolve("claims.json"))).contains("\"verdict\" : \"pass\"");
  }

  @Test
  void whatWasInterruptedGoesOn() throws IOException {
    var first = run("reproduce", "toy", "--seeds", "1", "--json");
    try (var runs = Files.list(at())) {
      for (var run : runs.filter(Files::isDirectory).toList()) {
        Files.delete(run.resolve("summary.json"));
      }
    }
    var second = run("reproduce", "toy", "--seeds", "1", "--json");
    assertThat(second.code()).as(second.err()).isZero();
    assertThat(second.json().at("/runs/1/weightsSha256"))
        .isEqualTo(first.json().at("/runs/1/weightsSha256"));
    assertThat(second.json().at("/runs/1/label").asText()).isEqualTo("head");
  }

  @Test
  void quickLeavesOutWhatItHasNoPlanFor() throws IOException {
    var ended = run("reproduce", "toy", "--quick", "--json");
    assertThat(ended.json().path("runs")).hasSize(1);
    assertThat(ended.json().at("/runs/0/rounds").asInt()).isEqualTo(1);
    assertThat(ended.json().at("/claims/0/verdict").asText()).isEqualTo("not judged");
    assertThat(ended.json().at("/claims/0/cause").asText())
        .isEqualTo("needs plans that have not run");
    assertThat(ended.json().at("/claims/0").has("value")).isFalse();
  }

  @Test
  void aClaimIsJudgedByTheSeedsThatItsPlansShare() throws IOException {
    run("reproduce", "toy", "--seeds", "1", "--plans", "whole");
    var one = run("reproduce", "toy", "--seeds", "1", "--plans", "head", "--json");
    var more = run("reproduce", "toy", "--seeds", "3", "--plans", "head", "--json");
    assertThat(more.code()).as(more.err()).isZero();
    assertThat(more.json().path("runs")).hasSize(4);
    assertThat(more.json().at("/claims/0")).isEqualTo(one.json().at("/claims/0"));
    assertThat(more.json().at("/claims/0/seeds").asInt()).isEqualTo(1);
    try (var runs = Files.list(at())) {
      var first = runs.filter(run -> run.getFileName().toString().startsWith("head-seed-3-"));
      Files.delete(first.findFirst().orElseThrow().resolve("summary.json"));
    }
    var others = run("reproduce", "toy", "--seeds", "3", "--plans", "whole", "--json");
    assertThat(others.json().path("runs")).hasSize(5);
    assertThat(others.json().at("/claims/0/seeds").asInt()).isEqualTo(2);
  }

  @Test
  void someOfThePlansCanBeRunAndTheRestLater() throws IOException {
    var first = run("reproduce", "toy", "--seeds", "1", "--json", "--plans", "h*d");
    assertThat(first.json().path("runs")).hasSize(1);
    assertThat(first.json().at("/runs/0/label").asText()).isEqualTo("head");
    assertThat(first.json().at("/claims/0/cause").asText())
        .isEqualTo("needs plans that have not run");
    var second = run("reproduce", "toy", "--seeds", "1", "--json", "--plans", "hea*,whole");
    assertThat(second.json().path("runs")).hasSize(2);
    assertThat(second.err().lines()).hasSize(3);
    assertThat(second.json().at("/claims/0/verdict").asText()).isEqualTo("pass");
    assertThat(run("reproduce", "toy", "--plans", "hed").err())
        .isEqualTo("anabranch: --plans: hed (expected: 'head'? one of whole, head)\n");
  }

  @Test
  void missingFileIsNamedWithHowToGetIt() throws IOException {
    Files.writeString(
        folder.resolve("toy/head.yaml"),
        plan("head") + "model: { adapter: datasets/toys/adapter }\n");
    var ended = run("reproduce", "toy");
    assertThat(ended.code()).isEqualTo(11);
    assertThat(ended.err())
        .isEqualTo(
            "anabranch: datasets/toys/adapter: no such file (expected: toys from the attic; put it"
                + " there, or name the folder that takes the place of datasets and models with"
                + " --data FOLDER)\n");
    var data = Files.createDirectories(folder.resolve("data"));
    assertThat(run("reproduce", "toy", "--data", data.toString()).err())
        .startsWith("anabranch: " + data.resolve("toys/adapter") + ": no such file (expected: ");
    Files.createDirectories(data.resolve("toys/adapter"));
    assertThat(run("reproduce", "toy", "--data", data.toString()).code()).isZero();
  }

  @Test
  void wordsOfTheCommandLineAreChecked() {
    assertThat(run("reproduce", "toi").err())
        .isEqualTo("anabranch: METHOD: toi (expected: 'toy'? one of toy)\n");
    assertThat(run("reproduce", "toy", "--seeds", "0").err())
        .isEqualTo("anabranch: --seeds: 0 (expected: 1 to 1000)\n");
    assertThat(run("reproduce", "toy", "--data", "nowhere").err())
        .isEqualTo(
            "anabranch: --data: nowhere (expected: a folder with a folder for each data set)\n");
    var set = run("reproduce", "toy", "--set", "method.round=2");
    assertThat(set.code()).isEqualTo(10);
    assertThat(set.err())
        .startsWith(
            "anabranch: " + "whole: method.fedavg.round: unknown key (expected: 'rounds'? one of ");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
              paper: "A Toy,   | papr: "A Toy,      | papr: unknown key (expected: 'paper'? one of paper, plans, quick, seeds, quickSeeds, data, claims)
              seeds: 2         | seeds: 0           | seeds: 0 (expected: 1 to 1000)
              seeds: 2         | seeds: two         | seeds: two (expected: a whole number)
              head: head.yaml  | head: hat.yaml     | plans.head: hat.yaml (expected: a plan in FOLDER)
              head: head.yaml  | head: { fil: head.yaml } | plans.head.fil: unknown key (expected: 'file'? one of file, set)
          head: head.yaml  | head: { set: [] }  | plans.head: missing (expected: a plan in FOLDER)
          head: head.yaml  | head: ../x.yaml    | plans.head: ../x.yaml (expected: a plan in FOLDER)
              quick: { whole   | quick: { hole      | quick.hole: unknown key (expected: 'whole'? one of whole, head)
              datasets/toys:   | toys:              | data.toys: toys (expected: a path below datasets or models)
              source: table 1  | sauce: table 1     | claims.1.sauce: unknown key (expected: 'source'? one of claim, source, against, measure, pass, partly, cause)
              source: table 1  |                    | claims.1.source: missing (expected: given for every claim)
              share-saved:     | share-safed:       | claims.1.measure: share-safed (expected: 'share-saved'? one of ratio, share-saved, difference, share-of-way, last-step, time-to-target, bytes-to-target, at-equal-cost, overlapped-time, gossip-traffic)
              figure: bytes, of: head | figure: byts, of: head | claims.1.measure.share-saved.figure: byts (expected: 'bytes'? one of accuracy, loss, perplexity, bytes, bytes-with-setup, busiest-macs, device-macs, device-memory, visit-memory, virtual-time, metric, topic)
              of: head, from   | from               | claims.1.measure.share-saved.of: missing (expected: the short name of a plan)
              of: head, from   | of: hat, from      | claims.1.measure.share-saved: plan hat (expected: 'head'? one of whole, head)
              { least: 0.5 }   | { }                | claims.1.pass: {} (expected: at least one of least, above, most, below)
              { least: 0.5 }   | { lest: 0.5 }      | claims.1.pass.lest: unknown key (expected: 'least'? one of least, above, most, below)
              { least: 0.5 }   | { least: much }    | claims.1.pass.least: much (expected: a number)
          """)
  void wordsOfTheClaimsAreChecked(String from, String to, String message) throws IOException {
    var file = folder.resolve("toy/claims.yaml");
    Files.writeString(file, CLAIMS.replace(from, to == null ? "" : to));
    var ended = run("reproduce", "toy");
    assertThat(ended.err())
        .isEqualTo(
            "anabranch: "
                + file
                + ": "
                + message.replace("FOLDER", folder.resolve("toy").toString())
                + "\n");
    assertThat(ended.code()).isEqualTo(10);
  }
}
