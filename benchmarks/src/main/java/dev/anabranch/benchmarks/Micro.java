package dev.anabranch.benchmarks;

import java.util.List;
import java.util.stream.Collectors;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/** JMH benchmarks as rows. A benchmark's parameter {@code mib} says how many MiB it handles. */
final class Micro {
  private Micro() {}

  static List<Row> run(Class<?> benchmark) {
    var options =
        new OptionsBuilder()
            .include("^" + benchmark.getName().replace(".", "\\.") + "\\.")
            .verbosity(VerboseMode.SILENT)
            .shouldFailOnError(true)
            .build();
    try {
      return new Runner(options).run().stream().map(Micro::row).toList();
    } catch (RunnerException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Row row(RunResult result) {
    var parameters = result.getParams();
    double ms = result.getPrimaryResult().getScore();
    double megabytes = Double.parseDouble(parameters.getParam("mib")) * (1 << 20) / 1e6;
    var name = parameters.getBenchmark();
    var knobs =
        parameters.getParamsKeys().stream()
            .filter(key -> !key.equals("mib"))
            .map(parameters::getParam)
            .collect(Collectors.joining(" "));
    return Row.of(
        Row.text(
                "%s %s, %s MiB",
                knobs, name.substring(name.lastIndexOf('.') + 1), parameters.getParam("mib"))
            .strip(),
        ms < 0.01 // no memory is so fast: a view
            ? Row.text("%.2f µs, no bytes moved", ms * 1e3)
            : Row.text("%.2f ms, %.0f MB/s", ms, megabytes / ms * 1e3));
  }
}
