package dev.anabranch.app.command;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** A run plan and what is set anew in it. */
final class PlanOptions {
  @Parameters(index = "0", paramLabel = "PLAN.yaml", description = "The run plan.")
  private Path file = Path.of("");

  @Option(
      names = "--set",
      paramLabel = "key=value",
      description = "Set a key of the plan anew, as --set method.rounds=4. May be repeated.")
  private List<String> overrides = new ArrayList<>();

  RunPlan read(Catalog catalog) {
    return RunPlan.read(catalog, file, overrides);
  }
}
