package dev.anabranch.app.papers;

import dev.anabranch.app.report.RunRecord;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.ToDoubleBiFunction;
import java.util.function.ToDoubleFunction;

/**
 * The runs of a reproduction.
 *
 * @param byPlan by the plan's short name, in the order of their seeds
 */
public record Runs(Map<String, List<RunRecord>> byPlan) {
  List<RunRecord> of(String plan) {
    return Objects.requireNonNull(byPlan.get(plan), plan);
  }

  /** Runs of these plans with the seeds that all of them have; empty if they share none. */
  Optional<Runs> shared(List<String> plans) {
    var seeds = new HashSet<>(seeds(plans.getFirst()));
    plans.forEach(plan -> seeds.retainAll(seeds(plan)));
    if (seeds.isEmpty()) {
      return Optional.empty();
    }
    var out = new HashMap<String, List<RunRecord>>();
    for (var plan : plans) {
      out.put(plan, of(plan).stream().filter(run -> seeds.contains(run.start().seed())).toList());
    }
    return Optional.of(new Runs(out));
  }

  private List<Long> seeds(String plan) {
    return byPlan.getOrDefault(plan, List.of()).stream().map(run -> run.start().seed()).toList();
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
