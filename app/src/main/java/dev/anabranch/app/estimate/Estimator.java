package dev.anabranch.app.estimate;

import dev.anabranch.app.estimate.Estimate.BreakEven;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.Feasibility;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Totals;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds what a plan costs by running its method, untouched, over an engine that carries shapes but
 * no values: the numbers come from the same ledger as those of a real run.
 */
public record Estimator(Session session) {
  /** The whole run, and where its traffic meets that of full fine-tuning. */
  public Estimate estimate(RunPlan plan) {
    var data = session.dataset(plan);
    Feasibility.requireCohort(plan, data.shards().size());
    try (var engine =
        session.wiring().dryEngine(plan, data.classes().size()).orElseThrow(() -> unknown(plan))) {
      var dry = new DryRun(session.wiring(), data, engine);
      var outcome = dry.runLong(plan);
      return Estimate.of(
          plan, data, outcome.totals(), outcome.virtualSeconds(), breakEven(plan, data, dry));
    }
  }

  /**
   * Refuses a plan that cannot fit, and codecs for topics that it does not have; looks at one
   * round.
   */
  public void require(RunPlan plan) {
    var data = session.dataset(plan);
    Feasibility.requireCohort(plan, data.shards().size());
    var dry = session.wiring().dryEngine(plan, data.classes().size());
    if (dry.isEmpty()) {
      return;
    }
    try (var engine = dry.get()) {
      var totals = new DryRun(session.wiring(), data, engine).runLong(shortened(plan)).totals();
      Feasibility.requireMemory(plan, totals);
      for (var topic : plan.codecs().keySet()) {
        if (!totals.byTopic().containsKey(topic)) {
          throw AnabranchException.expected(
              Failure.PLAN,
              "codecs." + topic,
              "no such topic in " + plan.methodName(),
              "one of " + String.join(", ", totals.byTopic().keySet()));
        }
      }
    }
  }

  /** What a round of a plan costs; empty if that cannot be told in advance. */
  public Optional<Totals> oneRound(RunPlan plan) {
    return oneRound(plan, session.dataset(plan));
  }

  /** The same over other examples. */
  public Optional<Totals> oneRound(RunPlan plan, Dataset data) {
    var dry = session.wiring().dryEngine(plan, data.classes().size());
    if (dry.isEmpty()) {
      return Optional.empty();
    }
    try (var engine = dry.get()) {
      return Optional.of(
          new DryRun(session.wiring(), data, engine).runLong(shortened(plan)).totals());
    }
  }

  /** The kinds of message that the plan's method sends; none if that cannot be told in advance. */
  public Set<String> topics(RunPlan plan) {
    var data = session.dataset(plan);
    Feasibility.requireCohort(plan, data.shards().size());
    var dry = session.wiring().dryEngine(plan, data.classes().size());
    if (dry.isEmpty()) {
      return Set.of();
    }
    try (var engine = dry.get()) {
      var plain = shortened(plan).with(Map.of("codecs", Map.of()));
      return new DryRun(session.wiring(), data, engine).runLong(plain).totals().byTopic().keySet();
    }
  }

  private static AnabranchException unknown(RunPlan plan) {
    return AnabranchException.expected(
        Failure.UNSUPPORTED,
        "model.source",
        plan.modelName() + " has no engine without values",
        "a model whose costs can be told in advance");
  }

  private static RunPlan shortened(RunPlan plan) {
    return plan.methodNumber("rounds").orElse(1L) > 1
        ? plan.withMethodSettings(Map.of("rounds", 1))
        : plan;
  }

  /**
   * Two lengths of a visit give the line, a round of full fine-tuning gives its height: nothing is
   * computed from the method's formula. Lengths are whole batches that every device can fill, so
   * that padding differs little.
   */
  private @Nullable BreakEven breakEven(RunPlan plan, Dataset data, DryRun dry) {
    long batch = plan.methodNumber("batch").orElse(1L);
    long most = data.shards().stream().mapToInt(dev.anabranch.core.Shard::size).min().orElse(0);
    long many = Math.max(2, most / batch * batch);
    long few = Math.max(1, Math.min(batch, many / 2));
    boolean varies = plan.methodNumber("examples").isPresent() && many > few && most >= many;
    var full = fullFineTuning(plan);
    if (!varies || full.isEmpty()) {
      return null;
    }
    double kept =
        plan.methodSettings().get("keepFraction") instanceof Number n ? n.doubleValue() : 1.0;
    double low = perVisit(plan, few, data, dry);
    double high = perVisit(plan, many, data, dry);
    double slope = (high - low) / (kept * (many - few));
    double height = perVisit(full.get(), few, data, dry);
    return new BreakEven(low - slope * kept * few, slope, height);
  }

  private double perVisit(RunPlan plan, long examples, Dataset data, DryRun dry) {
    var settings = new LinkedHashMap<String, Object>();
    settings.put("examples", examples);
    settings.put("rounds", 1);
    long visits = plan.methodNumber("cohort").orElse((long) data.shards().size());
    return dry.runLong(plan.withMethodSettings(settings)).totals().total() / (double) visits;
  }

  /** The same plan with every weight averaged, if there is such a method. */
  private static Optional<RunPlan> fullFineTuning(RunPlan plan) {
    try {
      return Optional.of(
          plan.with(Map.of("codecs", Map.of()))
              .withMethodEntry("fedavg{parameterisation: everything}"));
    } catch (AnabranchException e) {
      return Optional.empty();
    }
  }
}
