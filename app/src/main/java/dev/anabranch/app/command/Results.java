package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.Summary;
import dev.anabranch.app.run.Series;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.NodeId.Role;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** Prints what runs came to. */
final class Results {
  private Results() {}

  static void print(Console console, Series.Result result, boolean json) {
    if (json) {
      console.out().println(Json.compact(toMap(result)));
      return;
    }
    console.out().print(table(result));
    console.out().println();
    if (result.entries().size() > 1) {
      console.out().println("Shares are of the run named " + baseline(result).label() + ".");
    }
    console.out().println("1 MB is 10^6 bytes, 1 MiB is 2^20 bytes. Device figures are of the");
    console
        .out()
        .println("busiest one. A MAC is a multiply-accumulate that was executed: a forward");
    console.out().println("pass is one F, a full backward pass two, one to activations alone one.");
    console.out().println("report: " + result.report());
  }

  static Map<String, Object> toMap(Series.Result result) {
    var out = new LinkedHashMap<String, Object>();
    out.put("runs", result.runs().stream().map(Summary::toMap).toList());
    if (result.runs().size() > result.entries().size()) {
      out.put("means", result.entries().stream().map(e -> means(e, result.of(e))).toList());
    }
    out.put("folder", result.folder().toString());
    out.put("report", result.report().toString());
    return out;
  }

  private static Map<String, Object> means(Series.Entry entry, List<Summary> runs) {
    var out = new LinkedHashMap<String, Object>();
    out.put("label", entry.label());
    out.put("seeds", runs.size());
    out.put("accuracy", spread(runs, run -> run.metrics().accuracy()));
    out.put("loss", spread(runs, run -> run.metrics().loss()));
    out.put("bytes", spread(runs, run -> run.totals().total()));
    return out;
  }

  private static Map<String, Double> spread(List<Summary> runs, ToDoubleFunction<Summary> figure) {
    var out = new LinkedHashMap<String, Double>();
    out.put("mean", mean(runs, figure));
    out.put("deviation", deviation(runs, figure));
    return out;
  }

  private static double mean(List<Summary> runs, ToDoubleFunction<Summary> figure) {
    return runs.stream().mapToDouble(figure).average().orElse(Double.NaN);
  }

  /** Of the sample, with n - 1; 0 for a single run. */
  private static double deviation(List<Summary> runs, ToDoubleFunction<Summary> figure) {
    double mean = mean(runs, figure);
    double squares = runs.stream().mapToDouble(figure).map(x -> (x - mean) * (x - mean)).sum();
    return runs.size() < 2 ? 0 : Math.sqrt(squares / (runs.size() - 1));
  }

  /** The first run of full fine-tuning, or the first run. */
  private static Series.Entry baseline(Series.Result result) {
    return result.entries().stream()
        .filter(e ->
            e.plan().methodName().equals("fedavg")
                && String.valueOf(e.plan().methodSettings().get("parameterisation"))
                    .contains("everything"))
        .findFirst()
        .orElse(result.entries().getFirst());
  }

  private static String table(Series.Result result) {
    var table =
        new Table(
            "run",
            "accuracy",
            "traffic",
            "with setup",
            "device MACs",
            "device memory",
            "virtual time",
            "wall time");
    var base = result.entries().size() > 1 ? result.of(baseline(result)) : List.<Summary>of();
    for (var entry : result.entries()) {
      var runs = result.of(entry);
      if (runs.isEmpty()) {
        continue;
      }
      table.row(
          entry.label(),
          accuracy(runs),
          cell(runs, base, run -> run.totals().total(), Results::megabytes),
          cell(runs, base, run -> run.totals().total() + run.totals().setup(), Results::megabytes),
          cell(runs, base, run -> run.totals().macs(Role.DEVICE), Units::macs),
          cell(runs, base, run -> run.totals().peak(Role.DEVICE), Units::memory),
          Units.seconds(mean(runs, Summary::virtualSeconds)),
          Units.seconds(mean(runs, Summary::wallSeconds)));
    }
    return table.toString();
  }

  private static String megabytes(double bytes) {
    return bytes == 0 || bytes >= 1e5
        ? String.format(Locale.ROOT, "%,.1f MB", bytes / 1e6)
        : Units.traffic(bytes);
  }

  private static String accuracy(List<Summary> runs) {
    double plusMinus =
        runs.size() > 1
            ? deviation(runs, run -> run.metrics().accuracy())
            : runs.getFirst().metrics().standardError();
    var text =
        String.format(
            Locale.ROOT, "%.4f ± %.4f", mean(runs, run -> run.metrics().accuracy()), plusMinus);
    return runs.size() > 1 ? text + " (" + runs.size() + " seeds)" : text;
  }

  private interface Unit {
    String of(double value);
  }

  private static String cell(
      List<Summary> runs, List<Summary> base, ToDoubleFunction<Summary> figure, Unit unit) {
    double value = mean(runs, figure);
    double whole = base.isEmpty() ? 0 : mean(base, figure);
    return unit.of(value) + (whole > 0 ? " (" + Units.share(value / whole) + ")" : "");
  }
}
