package dev.anabranch.app.command;

import dev.anabranch.app.estimate.Estimate;
import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Feasibility;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.NodeId.Role;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code estimate PLAN.yaml}. */
@Command(
    name = "estimate",
    description = "What a plan will cost, before anything runs; refuses what cannot fit.")
final class EstimateCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private PlanOptions plan = new PlanOptions();
  @Mixin private Output output = new Output();

  EstimateCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session()) {
      var estimate = new Estimator(session).estimate(plan.read(session.catalog()));
      if (output.json) {
        Feasibility.requireMemory(estimate.plan(), estimate.totals());
        work.console().out().println(Json.compact(estimate.toMap()));
      } else {
        work.console().out().print(text(estimate));
        Feasibility.requireMemory(estimate.plan(), estimate.totals());
      }
      return 0;
    }
  }

  private static String text(Estimate e) {
    var t = e.totals();
    var out = new StringBuilder();
    line(out, "method", e.plan().methodName() + " on " + e.devices() + " devices");
    line(out, "traffic", Units.traffic(t.total()) + ", of it");
    line(out, "  down", Units.traffic(t.down()));
    line(out, "  up", Units.traffic(t.up()));
    t.byTopic().forEach((topic, bytes) -> line(out, "  as " + topic, Units.traffic(bytes)));
    line(out, "framing", Units.traffic(t.framing()));
    line(out, "setup", Units.traffic(t.setup()) + " once, before first visits");
    line(out, "backbone", Units.traffic(t.backbone()));
    line(out, "MACs, device", Units.macs(t.macs(Role.DEVICE)) + " on the busiest one");
    line(out, "MACs, body", Units.macs(t.macs(Role.BODY)));
    line(out, "MACs, coordinator", Units.macs(t.macs(Role.COORDINATOR)));
    Feasibility.peaks(e.plan(), t)
        .forEach((profile, bytes) ->
            line(
                out,
                "memory, " + profile.name(),
                Units.memory(bytes) + " of " + Units.memory(profile.memoryBytes())));
    line(
        out,
        "memory, " + e.plan().bodyProfile().name(),
        Units.memory(t.peak(Role.BODY))
            + " of "
            + Units.memory(e.plan().bodyProfile().memoryBytes())
            + ", for the body");
    line(out, "virtual time", Units.seconds(e.virtualSeconds()));
    line(out, "break-even", breakEven(e));
    return out.toString();
  }

  private static String breakEven(Estimate e) {
    var even = e.breakEven();
    if (even == null) {
      return "none: the traffic does not depend on examples";
    }
    var examples = even.examples();
    if (examples.isEmpty()) {
      return "none: a visit costs "
          + Units.traffic(even.fixedBytes())
          + " and "
          + Units.traffic(even.bytesPerExample())
          + " a retained example, full fine-tuning "
          + Units.traffic(even.fullBytes());
    }
    return String.format(
        Locale.ROOT,
        "%.1f retained examples a visit cost as much traffic as full fine-tuning (%s)",
        examples.getAsDouble(),
        Units.traffic(even.fullBytes()));
  }

  private static void line(StringBuilder out, String name, String value) {
    out.append(String.format(Locale.ROOT, "%-28s %s%n", name, value));
  }
}
