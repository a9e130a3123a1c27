package dev.anabranch.app.run;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.function.Function;

/**
 * An engine whose models begin with the values of an adapter instead of drawn ones. Safe to call
 * from any thread.
 *
 * @param adapter where the values come from, for messages
 * @param start values by name; every one must be trained by whatever uses this engine
 * @param trained names and shapes of all that a use trains
 */
record StartedEngine(
    Engine engine, String adapter, TensorMap start, Function<ModelUse, List<TensorSpec>> trained)
    implements Engine {
  @Override
  public ModelFacts facts() {
    return engine.facts();
  }

  @Override
  public Lanes lanes() {
    return engine.lanes();
  }

  @Override
  public Model open(ModelUse use, NodeId.Role holder, long initSeed) {
    requireTrained(use);
    var model = engine.open(use, holder, initSeed);
    var variables = model.trainable();
    if (variables.specs().stream().anyMatch(spec -> start.has(spec.name()))) {
      try (var drawn = variables.copy()) {
        var all = new LinkedHashMap<String, Tensor>();
        for (var spec : variables.specs()) {
          all.put(spec.name(), (start.has(spec.name()) ? start : drawn).get(spec.name()));
        }
        try (var values = TensorMap.of(all)) {
          variables.load(values);
        }
      }
    }
    return model;
  }

  private void requireTrained(ModelUse use) {
    var known = trained.apply(use);
    for (var spec : start.specs()) {
      if (!known.contains(spec)) {
        throw AnabranchException.expected(
            Failure.PLAN,
            "model.adapter",
            adapter + ": '" + spec.name() + "' " + spec.shape(),
            "variables that the method trains; give it the adapter's parameterisation");
      }
    }
  }

  @Override
  public Predictor predictor(ModelUse use, TensorMap values) {
    return engine.predictor(use, values);
  }

  @Override
  public void close() {
    engine.close();
  }
}
