package dev.anabranch.app.command;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Series;
import dev.anabranch.service.OperatorApi;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code resume RUN}. */
@Command(
    name = "resume",
    description =
        "Go on with a run that was interrupted, from its last full round: one in a folder here, or"
            + " one of a coordinator that was stopped or has failed.")
final class ResumeCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private OperatorOptions operator = new OperatorOptions();
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "RUN", description = "Its folder, or its id at the coordinator.")
  private Path run = Path.of("");

  ResumeCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    return operator.given() || operator.known() && !Files.exists(run) ? there() : here();
  }

  private int there() {
    try (var api = operator.api()) {
      var answer = api.post("/api/v1/runs/" + OperatorApi.part(run.toString()) + "/resume", "{}");
      var state = OperatorOptions.cell(OperatorOptions.map(answer), "state");
      work.console().out().println(output.json ? answer : run + ": " + state);
      return 0;
    }
  }

  private int here() {
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
