package dev.anabranch.app.command;

import dev.anabranch.app.run.Series;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a run's record goes, and how often it is repeated. */
final class RunOptions {
  @Option(
      names = "--seeds",
      paramLabel = "N",
      defaultValue = "1",
      description = "Repeat with N seeds, counted up from the plan's; gives mean and deviation.")
  private int seeds = 1;

  @Option(
      names = "--runs",
      paramLabel = "DIR",
      defaultValue = "runs",
      description = "Where the run's folder NAME-TIMESTAMP is made (default: runs).")
  private Path runs = Path.of("runs");

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "The run's folder itself; must be new or empty.")
  private @Nullable Path output;

  Series.Place place() {
    if (seeds < 1 || seeds > 1000) {
      throw AnabranchException.expected(Failure.USAGE, "--seeds", seeds, "1 to 1000");
    }
    return new Series.Place(runs, output, seeds);
  }
}
