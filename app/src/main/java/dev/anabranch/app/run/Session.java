package dev.anabranch.app.run;

import dev.anabranch.app.plan.Catalog;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.Beside;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Evaluation;
import dev.anabranch.core.Job;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What the runs of one command share: examples and engines are loaded once for all plans that agree
 * about them. Not thread-safe; closing twice is allowed.
 */
public final class Session implements AutoCloseable {
  private final Wiring wiring;
  private final Map<Map<String, ?>, Dataset> datasets = new LinkedHashMap<>();
  private final Map<Map<String, ?>, Engine> engines = new LinkedHashMap<>();

  public Session(Wiring wiring) {
    this.wiring = wiring;
  }

  public Wiring wiring() {
    return wiring;
  }

  public Catalog catalog() {
    return wiring.catalog();
  }

  /** The checked examples of a plan. */
  public Dataset dataset(RunPlan plan) {
    return datasets.computeIfAbsent(plan.dataKey(), key -> wiring.dataset(plan).checked());
  }

  /** The engine of a plan, with its model loaded. */
  public Engine engine(RunPlan plan) {
    return engine(plan, dataset(plan).classes().size());
  }

  /** As {@link #engine(RunPlan)}, where the examples are not at hand. */
  public Engine engine(RunPlan plan, int classes) {
    var key = new LinkedHashMap<String, Object>(plan.engineKey());
    key.put("classes", classes);
    return engines.computeIfAbsent(key, k -> wiring.engine(plan, classes));
  }

  /** A plan's job with nothing beside the coordinator, and without instruments. */
  public Job job(RunPlan plan, Job.Records records) {
    return job(plan, dataset(plan), records);
  }

  /** The same over other examples. */
  public Job job(RunPlan plan, Dataset data, Job.Records records) {
    var engine = engine(plan, data.classes().size());
    return new Job(
        plan.seed(),
        engine,
        new Job.Hosts(data.shards(), plan.profiles(), plan.bodyProfile()),
        plan.codecs(),
        new Job.Scoring(
            new Evaluation(
                engine,
                plan.method().use(engine.facts()),
                data.holdout(),
                plan.evaluateBatch()),
            plan.evaluateEvery()),
        plan.faults(),
        records,
        Beside.NOTHING);
  }

  @Override
  public void close() {
    engines.values().forEach(Engine::close);
    engines.clear();
    wiring.close();
  }
}
