package dev.anabranch.app.estimate;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.Thin;
import dev.anabranch.app.run.Wiring;
import dev.anabranch.core.Beside;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Faults;
import dev.anabranch.core.Job;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Progress;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Tensor;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Runs of a plan's real method on its real fabric, without values. A short run is done as it is. A
 * long one is done without the elements of trained values, if that changes nothing in a short one:
 * whatever a method or a codec may do, the numbers are those of the plain run.
 */
record DryRun(Wiring wiring, Dataset data, Engine engine) {
  private static final Checkpoints NO_CHECKPOINTS =
      new Checkpoints() {
        @Override
        public void save(Checkpoint checkpoint) {}

        @Override
        public Optional<Checkpoint> last() {
          return Optional.empty();
        }
      };

  /** The plain run. */
  Outcome run(RunPlan plan) {
    return run(plan, engine, plan.codecs(), (kind, round, fields) -> {});
  }

  /** The same, in less time if the plan is long. */
  Outcome runLong(RunPlan plan) {
    var thin = wiring.thin(engine);
    var probe = first(plan);
    if (thin.isEmpty() || probe.equals(plan)) {
      return run(plan);
    }
    var topics = new TreeSet<String>();
    RunLog names =
        (kind, round, fields) -> {
          if (kind.equals("wire")) {
            topics.add(String.valueOf(fields.get("topic")));
          }
        };
    var plain = run(probe, engine, probe.codecs(), names).totals();
    try (var light = thin.get().engine()) {
      var codecs = priced(plan, thin.get(), topics);
      boolean same = run(probe, light, codecs, (k, r, f) -> {}).totals().equals(plain);
      return same ? run(plan, light, codecs, (k, r, f) -> {}) : run(plan);
    }
  }

  private static Map<String, Codec<Tensor>> priced(RunPlan plan, Thin thin, Set<String> topics) {
    var codecs = new HashMap<String, Codec<Tensor>>();
    for (var topic : topics) {
      codecs.put(topic, thin.codec().apply(plan.codecs().getOrDefault(topic, Codecs.FP32)));
    }
    return codecs;
  }

  /** One round, with one device where the method has cohorts. */
  private static RunPlan first(RunPlan plan) {
    var one = new HashMap<String, Object>();
    for (var knob : Set.of("rounds", "cohort", "quorum")) {
      if (plan.methodNumber(knob).orElse(1L) > 1) {
        one.put(knob, 1);
      }
    }
    return one.isEmpty() ? plan : plan.withMethodSettings(one);
  }

  private Outcome run(RunPlan plan, Engine with, Map<String, Codec<Tensor>> codecs, RunLog log) {
    var method = plan.method();
    var evaluation =
        new Evaluation(with, method.use(with.facts()), data.holdout(), plan.evaluateBatch());
    var large = wiring.dryLarge(plan).orElse(null);
    try {
      var job =
          new Job(
              plan.seed(),
              with,
              new Job.Hosts(data.shards(), plan.profiles(), plan.bodyProfile()),
              codecs,
              new Job.Scoring(evaluation, -1),
              Faults.NONE,
              new Job.Records(log, NO_CHECKPOINTS, Progress.SILENT),
              new Beside(large, data.publicText()));
      return wiring.fabric(plan).run(method, job);
    } finally {
      if (large != null) {
        large.close();
      }
    }
  }
}
