package dev.anabranch.testkit;

import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** SGD with momentum and AdamW, as in PyTorch, in double. Not thread-safe. */
final class ToyOptimizer implements Optimizer {
  private final ToyVariables variables;
  private final OptimizerSpec spec;
  private final List<GradientTerm> terms;
  private final Map<String, double[]> first = new LinkedHashMap<>();
  private final Map<String, double[]> second = new LinkedHashMap<>();
  private final Map<String, Integer> counts = new LinkedHashMap<>();
  private int steps;

  ToyOptimizer(ToyVariables variables, OptimizerSpec spec, GradientTerm... terms) {
    this.variables = variables;
    this.spec = spec;
    this.terms = List.of(terms);
    variables
        .stepped()
        .forEach((name, values) -> {
          first.put(name, new double[values.length]);
          second.put(name, new double[values.length]);
        });
  }

  @Override
  public void zero() {
    variables.zero();
  }

  @Override
  public double step() {
    steps++;
    double sum = 0;
    for (var name : variables.stepped().keySet()) {
      if (!variables.reached(name)) {
        continue;
      }
      addTerms(name);
      for (double g : gradient(name)) {
        sum += g * g;
      }
    }
    double norm = Math.sqrt(sum);
    double scale = spec.clip() > 0 && norm > spec.clip() ? spec.clip() / norm : 1;
    double rate = spec.learningRate();
    if (spec.warmupSteps() > 0) {
      rate *= Math.min(1, steps / (double) spec.warmupSteps());
    }
    for (var e : variables.stepped().entrySet()) {
      if (!variables.reached(e.getKey())) {
        continue;
      }
      if (spec.kind() == OptimizerSpec.Kind.SGD) {
        sgd(e.getKey(), e.getValue(), scale, rate);
      } else {
        adamw(e.getKey(), e.getValue(), scale, rate);
      }
    }
    return norm;
  }

  private double[] gradient(String name) {
    return Objects.requireNonNull(variables.gradient(name));
  }

  private void addTerms(String name) {
    float[] w = variables.weight(name);
    double[] g = gradient(name);
    for (var term : terms) {
      switch (term) {
        case GradientTerm.Proximal p -> {
          var anchor = p.anchor().get(name);
          for (int i = 0; i < g.length; i++) {
            g[i] += p.mu() * (w[i] - (double) anchor.get(i));
          }
        }
      }
    }
  }

  private void sgd(String name, float[] w, double scale, double rate) {
    double[] g = gradient(name);
    double[] velocity = Objects.requireNonNull(first.get(name));
    for (int i = 0; i < w.length; i++) {
      velocity[i] = spec.momentum() * velocity[i] + scale * g[i] + spec.weightDecay() * w[i];
      w[i] = (float) (w[i] - rate * velocity[i]);
    }
  }

  private void adamw(String name, float[] w, double scale, double rate) {
    double[] g = gradient(name);
    double[] m = Objects.requireNonNull(first.get(name));
    double[] v = Objects.requireNonNull(second.get(name));
    int count = counts.merge(name, 1, Integer::sum);
    double bias1 = 1 - Math.pow(spec.beta1(), count);
    double bias2 = 1 - Math.pow(spec.beta2(), count);
    for (int i = 0; i < w.length; i++) {
      double clipped = scale * g[i];
      m[i] = spec.beta1() * m[i] + (1 - spec.beta1()) * clipped;
      v[i] = spec.beta2() * v[i] + (1 - spec.beta2()) * clipped * clipped;
      double step = m[i] / bias1 / (Math.sqrt(v[i] / bias2) + 1e-8);
      w[i] = (float) (w[i] * (1 - rate * spec.weightDecay()) - rate * step);
    }
  }

  @Override
  public void close() {
    first.clear();
    second.clear();
  }
}
