package dev.anabranch.app.command;

import dev.anabranch.app.papers.Judged;
import dev.anabranch.app.papers.Reproduction;
import dev.anabranch.app.papers.Runs;
import dev.anabranch.app.papers.Verdict;
import dev.anabranch.app.report.Figures;
import dev.anabranch.app.report.RunRecord;
import dev.anabranch.app.run.Units;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;

/** Prints what came of published claims. */
record Reproduced(Reproduction.Result result) {
  private static final int WIDTH = 96;

  String text() {
    var out = new StringBuilder();
    out.append(result.claims().paper()).append("\n\n").append(table(result.runs())).append('\n');
    int number = 1;
    for (var judged : result.judged()) {
      out.append(claim(number++, judged)).append('\n');
    }
    return out.append(counts())
        .append("\nclaims: ")
        .append(result.folder().resolve("claims.json"))
        .append("\nreport: ")
        .append(result.report())
        .append('\n')
        .toString();
  }

  private static String table(Runs runs) {
    var table =
        new Table(
            "plan",
            "seeds",
            "accuracy",
            "loss",
            "traffic",
            "device MACs",
            "memory",
            "virtual time");
    runs.byPlan()
        .forEach((name, records) ->
            table.row(
                name,
                String.valueOf(records.size()),
                Figures.three(mean(records, RunRecord::accuracy)),
                Figures.three(mean(records, RunRecord::loss)),
                Units.traffic(mean(records, run -> run.costs().total())),
                Units.macs(mean(records, run -> run.costs().busiestMacs())),
                Units.memory(mean(records, run -> run.costs().devicePeak())),
                Units.seconds(mean(records, RunRecord::virtualSeconds))));
    return table.toString();
  }

  private static double mean(List<RunRecord> runs, ToDoubleFunction<RunRecord> figure) {
    return runs.stream().mapToDouble(figure).average().orElse(Double.NaN);
  }

  private static String claim(int number, Judged judged) {
    var row = judged.row();
    var out = new StringBuilder();
    out.append(wrap(number + ". ", row.claim() + " (" + row.source() + ")"));
    out.append(wrap("   against   ", row.against()));
    out.append(wrap("   measure   ", row.how()));
    out.append(wrap("   here      ", row.here()));
    out.append(
        wrap("   verdict   ", row.verdict() + (row.why().isEmpty() ? "" : ": " + row.why())));
    return out.toString();
  }

  private String counts() {
    return Arrays.stream(Verdict.values())
        .map(verdict ->
            result.judged().stream().filter(one -> one.verdict() == verdict).count()
                + " "
                + verdict.words())
        .collect(Collectors.joining(", "));
  }

  /** Lines of at most {@link #WIDTH} signs; those after the first begin below its text. */
  static String wrap(String head, String text) {
    var out = new StringBuilder();
    var line = new StringBuilder(head);
    for (var word : text.split(" ")) {
      if (line.length() > head.length() && line.length() + word.length() > WIDTH) {
        out.append(line.toString().stripTrailing()).append('\n');
        line = new StringBuilder(" ".repeat(head.length()));
      }
      line.append(word).append(' ');
    }
    return out.append(line.toString().stripTrailing()).append('\n').toString();
  }
}
