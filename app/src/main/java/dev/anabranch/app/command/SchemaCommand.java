package dev.anabranch.app.command;

import dev.anabranch.app.plan.PlanSchema;
import dev.anabranch.app.record.Json;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code schema}. */
@Command(name = "schema", description = "Print the JSON Schema of a run plan.")
final class SchemaCommand implements Callable<Integer> {
  private final Work work;

  /** Accepted for the sake of scripts: a schema is JSON in any case. */
  @Mixin private Output output = new Output();

  SchemaCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    var schema = PlanSchema.of(work.wiring().get().catalog());
    work.console().out().println(output.json ? Json.compact(schema) : Json.pretty(schema));
    return 0;
  }
}
