package dev.anabranch.app.command;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Series;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code resume RUN}. */
@Command(name = "resume", description = "Go on with a run that was interrupted.")
final class ResumeCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "RUN", description = "The folder of the run.")
  private Path run = Path.of("");

  ResumeCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session();
        var progress = new ProgressLine(work.console())) {
      var summary = new Runner(session).resume(run, progress);
      var plan = RunPlan.read(session.catalog(), RunFolder.plan(run), List.of());
      var entry = new Series.Entry(summary.label(), plan);
      Results.print(
          work.console(),
          new Series.Result(run, run.resolve("report.html"), List.of(entry), List.of(summary)),
          output.json);
      return 0;
    }
  }
}
