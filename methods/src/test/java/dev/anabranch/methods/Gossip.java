package dev.anabranch.methods;

import dev.anabranch.core.Outcome;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;

/** Runs of agents on the toy engine, with plain gradient steps. */
final class Gossip {
  private Gossip() {}

  static final Map<String, Object> SGD =
      Map.of(
          "rounds",
          3,
          "examples",
          8,
          "batch",
          3,
          "optimizer",
          "sgd",
          "momentum",
          0,
          "learningRate",
          0.1,
          "weightDecay",
          0,
          "clip",
          0);

  static Map<String, Object> with(Map<String, ?> settings) {
    var all = new LinkedHashMap<String, Object>(SGD);
    all.putAll(settings);
    return all;
  }

  static Outcome run(Map<String, ?> settings, int devices, UnaryOperator<ToyJob> change) {
    return run("single-merge", settings, devices, change);
  }

  static Outcome run(
      String method, Map<String, ?> settings, int devices, UnaryOperator<ToyJob> change) {
    try (var engine = ToyEngine.small(2)) {
      return Plans.run(
          Plans.method(method, with(settings)), change.apply(ToyJob.of(engine, devices)), engine);
    }
  }

  static Outcome run(Map<String, ?> settings) {
    return run(settings, 6, UnaryOperator.identity());
  }

  static Map<String, ?> random(double rate, String mode) {
    return Map.of("random", Map.of("rate", rate, "mode", mode));
  }

  static double apart(TensorMap a, TensorMap b) {
    try (var difference = a.minus(b)) {
      double most = 0;
      for (long i = 0; i < difference.elements(); i++) {
        most = Math.max(most, Math.abs(difference.data().getAtIndex(Tensor.FLOAT, i)));
      }
      return most;
    }
  }

  static double last(MemoryLog log, String metric) {
    return log.of("metric").stream()
        .filter(line -> metric.equals(line.fields().get("name")))
        .mapToDouble(Gossip::value)
        .reduce((a, b) -> b)
        .orElseThrow();
  }

  static double value(MemoryLog.Line line) {
    return Double.parseDouble(String.valueOf(line.fields().get("value")));
  }
}
