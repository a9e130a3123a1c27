package dev.anabranch.app.command;

import dev.anabranch.app.plan.MethodEntry;
import dev.anabranch.app.run.Series;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code compare PLAN.yaml --methods a,b}. */
@Command(name = "compare", description = "Run several methods on one plan, side by side.")
final class CompareCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private PlanOptions plan = new PlanOptions();
  @Mixin private RunOptions options = new RunOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--methods",
      required = true,
      paramLabel = "a,b{key: value}",
      description =
          "Methods with commas between them, each a name, alone or with settings in braces. Rounds,"
              + " cohort, quorum, examples and batch of the plan's own method go over to the"
              + " others.")
  private String methods = "";

  CompareCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session()) {
      var read = plan.read(session.catalog());
      var entries =
          MethodEntry.split(methods).stream()
              .map(entry -> new Series.Entry(entry, read.withMethodEntry(entry)))
              .toList();
      if (entries.stream().map(Series.Entry::label).distinct().count() < entries.size()) {
        throw AnabranchException.expected(
            Failure.USAGE, "--methods", methods, "each entry once; repeat runs with --seeds");
      }
      return work.run(session, entries, options, output.json);
    }
  }
}
