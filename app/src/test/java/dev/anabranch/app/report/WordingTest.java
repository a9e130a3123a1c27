package dev.anabranch.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.report.Comparison.Group;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class WordingTest {
  private static final String EVERYTHING = "method: { fedavg: { train: everything } }";

  @Test
  void differenceWithinTwoStandardErrors_isNoDifference() {
    String text =
        words(
            run("full", "fedavg", 1, 0.945, 0.010, 1000, EVERYTHING),
            run("split", "sfprompt", 1, 0.935, 0.010, 119, ""));

    assertThat(text)
        .contains(
            "full is the reference (full fine-tuning): it reaches an accuracy of 0.945 ± 0.010")
        .contains(
            "split reaches 0.935 ± 0.010, no difference (1.0 points apart, within two standard")
        .contains("with 11.9 % of the traffic");
  }

  @Test
  void differenceBeyondTwoStandardErrors_isSaid() {
    // Two errors of the difference: 2 · √(0.01² + 0.01²) = 2.83 points.
    assertThat(
            words(
                run("full", "fedavg", 1, 0.945, 0.010, 1000, EVERYTHING),
                run("split", "sfprompt", 1, 0.915, 0.010, 119, "")))
        .contains("split reaches 0.915 ± 0.010, 3.0 points lower,");
    assertThat(
            words(
                run("full", "fedavg", 1, 0.945, 0.010, 1000, EVERYTHING),
                run("split", "sfprompt", 1, 0.918, 0.010, 119, "")))
        .contains("no difference (2.7 points apart");
  }

  @Test
  void seeds_areOneGroupWithMeanAndSpread() {
    Comparison comparison =
        Comparison.of(
            List.of(
                run("a", "x", 1, 0.90, 0.03, 10, ""),
                run("a", "x", 2, 0.92, 0.03, 20, ""),
                run("a", "x", 3, 0.94, 0.03, 30, "")));

    Group group = comparison.groups().getFirst();
    assertThat(comparison.groups()).hasSize(1);
    assertThat(Wording.accuracy(group)).isEqualTo("0.920 ± 0.020");
    assertThat(group.mean(run -> run.costs().total())).isEqualTo(20);
    // √(0.03² + 0.02² / 3): more seeds do not enlarge the hold-out.
    assertThat(group.uncertainty()).isBetween(0.0321, 0.0322);
  }

  @Test
  void oneLabelAndOneSeed_areNotRepetitions() {
    Comparison comparison =
        Comparison.of(
            List.of(run("a", "x", 1, 0.9, 0.01, 10, ""), run("a", "x", 1, 0.8, 0.01, 10, "")));

    assertThat(comparison.groups()).hasSize(2);
    assertThat(comparison.groups().getFirst().label()).isEqualTo("a · run");
  }

  @Test
  void reference_isTheFirstFullFineTuningElseTheFirstRun() {
    RunRecord split = run("split", "sfprompt", 1, 0.9, 0.01, 10, "method: sfprompt");
    RunRecord lora = run("lora", "fedavg", 1, 0.9, 0.01, 10, "method: { fedavg: { train: lora } }");
    RunRecord full = run("full", "fedavg", 1, 0.9, 0.01, 10, EVERYTHING);

    assertThat(Comparison.of(List.of(split, lora, full)).reference().label()).isEqualTo("full");
    assertThat(Comparison.of(List.of(split, lora)).reference().label()).isEqualTo("split");
    assertThat(Comparison.trainsEverything("name: everything\nmethod: { fedavg: {} }")).isFalse();
    assertThat(Comparison.trainsEverything("method: { fedavg: { train: { everything: {} } } }"))
        .isTrue();
    assertThat(Comparison.trainsEverything("{ not: yaml")).isFalse();
    assertThat(Comparison.trainsEverything("")).isFalse();
  }

  @Test
  void unfinishedRun_isNeitherReferenceNorJudged() {
    RunRecord going = run(null, "fedavg", 1, 0.7, 0.01, 10, EVERYTHING);
    RunRecord done = run("split", "sfprompt", 1, 0.9, 0.01, 10, "");

    Comparison comparison = Comparison.of(List.of(going, done));

    assertThat(comparison.reference().label()).isEqualTo("split");
    assertThat(words(going, done))
        .contains("fedavg (unfinished) has done 1 of 12 rounds and has no result yet");
  }

  @Test
  void oneRun_isToldWithItsCosts() {
    assertThat(words(run("split", "sfprompt", 1, 0.9, 0.01, 12_300_000, "")))
        .startsWith(
            "split reaches an accuracy of 0.900 ± 0.010 after 1 round. It sends 12.3 MB over the"
                + " devices' links (12.3 MB down, 0 MB up);");
  }

  @Test
  void figures_haveThreeDigitsThatTell() {
    assertThat(Figures.three(1234567)).isEqualTo("1,234,567");
    assertThat(Figures.three(12.345)).isEqualTo("12.3");
    assertThat(Figures.three(0.0012345)).isEqualTo("0.00123");
    assertThat(Figures.three(Double.NaN)).isEqualTo("–");
    assertThat(Figures.share(0.004, 100)).isEqualTo("under 0.01 %");
    assertThat(Figures.share(0.04, 100)).isEqualTo("0.04 %");
    assertThat(Figures.share(1, 0)).isEqualTo("–");
    assertThat(Figures.share(3, 3)).isEqualTo("100 %");
    assertThat(Figures.mebibytes(1 << 20)).isEqualTo(1);
    assertThat(Figures.megabytes(1e6)).isEqualTo(1);
    assertThat(Figures.duration(90)).isEqualTo("90.0 s");
    assertThat(Figures.duration(600)).isEqualTo("10.0 min");
  }

  private static String words(RunRecord... runs) {
    return new Wording(Comparison.of(List.of(runs)))
        .result().stream().map(Wording.Sentence::toString).collect(Collectors.joining(" "));
  }

  private static RunRecord run(
      @Nullable String label,
      String method,
      long seed,
      double accuracy,
      double error,
      long down,
      String plan) {
    TreeMap<String, Double> metrics = new TreeMap<>();
    metrics.put("accuracy", accuracy);
    metrics.put("standardError", error);
    return new RunRecord(
        Path.of("run"),
        new RunRecord.Start("n", method, method, seed, 12, 3, 1, List.of()),
        new TreeMap<>(),
        new ArrayList<>(List.of(new RunRecord.Round(0, 1, 0, metrics, down, 4))),
        List.of(),
        List.of(),
        new Costs(0, down, 0, 0, 0, new TreeMap<>(), 4, 4, 0, 0, 8, 0, 0, 8),
        null,
        label == null ? null : new RunSummary(label, accuracy, 0.1, error, 604, 10),
        plan);
  }
}
