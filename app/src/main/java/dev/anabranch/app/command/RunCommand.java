package dev.anabranch.app.command;

import dev.anabranch.app.run.Series;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code run PLAN.yaml}. */
@Command(name = "run", description = "Carry out a run plan.")
final class RunCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private PlanOptions plan = new PlanOptions();
  @Mixin private RunOptions options = new RunOptions();
  @Mixin private Output output = new Output();

  RunCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session()) {
      var read = plan.read(session.catalog());
      return work.run(
          session, List.of(new Series.Entry(read.methodName(), read)), options, output.json);
    }
  }
}
