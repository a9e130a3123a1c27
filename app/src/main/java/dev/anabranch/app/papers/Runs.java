package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * The runs of a reproduction.
 *
 * @param byPlan by the plan's short name; all have the same seeds in the same order
 */
public record Runs(Map<String, List<RunRecord>> byPlan) {
  List<RunRecord> of(String plan) {
    return Objects.requireNonNull(byPlan.get(plan), plan);
  }

  boolean has(List<String> plans) {
    return byPlan.keySet().containsAll(plans);
  }

  /** A figure of each seed. */
  Sample sample(String plan, ToDoubleFunction<RunRecord> figure) {
    return new Sample(of(plan).stream().map(run -> figure.applyAsDouble(run)).toList());
  }

  /** A figure of two plans, seed by seed. */
  Sample sample(String one, String other, ToDoubleBiFunction<RunRecord, RunRecord> figure) {
    var values = new ArrayList<Double>();
    for (int seed = 0; seed < of(one).size(); seed++) {
      values.add(figure.applyAsDouble(of(one).get(seed), of(other).get(seed)));
    }
    return new Sample(values);
  }
}
