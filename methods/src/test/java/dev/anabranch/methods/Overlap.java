package dev.anabranch.methods;

import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Runs of block coordinate descent on the toy engine. */
final class Overlap {
  private Overlap() {}

  static Method<?> method(String name, Map<String, ?> settings) {
    var all = new LinkedHashMap<String, Object>();
    all.putAll(Map.of("rounds", 6, "cohort", 6, "examples", 8, "batch", 3, "learningRate", 0.01));
    all.putAll(settings);
    return Plans.method(name, all);
  }

  static Outcome run(
      String name, Map<String, ?> settings, int devices, UnaryOperator<ToyJob> change) {
    try (var engine = ToyEngine.small(2)) {
      return Plans.run(method(name, settings), change.apply(ToyJob.of(engine, devices)), engine);
    }
  }

  static Outcome run(String name, Map<String, ?> settings) {
    return run(name, settings, 6, UnaryOperator.identity());
  }
}
