package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Series;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code report RUN…}. */
@Command(name = "report", description = "Write one page about one run or several.")
final class ReportCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(
      arity = "1..*",
      paramLabel = "RUN",
      description = "The folders of runs, or of comparisons.")
  private List<Path> runs = new ArrayList<>();

  @Option(
      names = "--output",
      paramLabel = "FILE",
      description = "The page (default: report.html in the first folder).")
  private @Nullable Path page;

  ReportCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    var folders = runs.stream().flatMap(run -> Series.folders(run).stream()).toList();
    var to = page == null ? runs.getFirst().resolve("report.html") : page;
    work.wiring().get().report(folders, to);
    work.console()
        .out()
        .println(output.json ? Json.compact(Map.of("report", to.toString())) : "report: " + to);
    return 0;
  }
}
