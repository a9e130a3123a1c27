package dev.anabranch.torch.internal;

import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.TensorSpec;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Steps a model's variables: gradient terms, clipping by the norm over all variables, warm-up, then
 * AdamW or SGD with momentum. A variable without a gradient stays as it is. AdamW without terms
 * steps the rows of the word embeddings that were used, and gives what a step of all of them would
 * give. A gradient that is not finite is neither clipped nor hidden: the norm says so. Used on a
 * lane; not thread-safe.
 */
final class Stepper implements Optimizer {
  private static final double EPS = 1e-8;

  private final Variables variables;
  private final OptimizerSpec spec;
  private final List<GradientTerm> terms;
  private final List<String> whole;
  private final @Nullable FusedAdamW adamw;
  private final @Nullable RowAdamW rows;
  private final Map<String, Tensor> velocity = new HashMap<>();
  private long steps;
  private boolean closed;

  Stepper(Variables variables, OptimizerSpec spec, List<GradientTerm> terms) {
    this.variables = variables;
    this.spec = spec;
    this.terms = List.copyOf(terms);
    for (var term : terms) {
      switch (term) {
        case GradientTerm.Proximal proximal -> proximal.anchor().requireSpecs(variables.specs());
      }
    }
    boolean adaptive = spec.kind() == OptimizerSpec.Kind.ADAMW;
    this.rows = adaptive && terms.isEmpty() && variables.has(Variables.WORDS) ? rows() : null;
    this.whole =
        variables.specs().stream()
            .map(TensorSpec::name)
            .filter(name -> rows == null || !name.equals(Variables.WORDS))
            .toList();
    this.adamw = adaptive ? dense() : null;
  }

  private RowAdamW rows() {
    return new RowAdamW(
        variables.get(Variables.WORDS), spec.beta1(), spec.beta2(), EPS, spec.weightDecay());
  }

  private FusedAdamW dense() {
    return new FusedAdamW(
        whole.stream().map(variables::get).toList(),
        spec.beta1(),
        spec.beta2(),
        EPS,
        spec.weightDecay());
  }

  @Override
  public void zero() {
    Meter.here();
    requireOpen();
    variables.zero();
  }

  @Override
  public double step() {
    var meter = Meter.here();
    requireOpen();
    try (var scope = new PointerScope();
        var guard = new NoGradGuard()) {
      var gradients = gradients();
      terms.forEach(term -> add(term, gradients));
      var words = rows == null ? null : variables.rowGradient();
      double norm = norm(gradients, words);
      boolean clips = spec.clip() > 0 && norm > spec.clip() && Double.isFinite(norm);
      double factor = clips ? spec.clip() / (norm + 1e-6) : 1;
      steps++;
      double warm = steps < spec.warmupSteps() ? steps / (double) spec.warmupSteps() : 1;
      double rate = spec.learningRate() * warm;
      if (adamw != null) {
        adamw.step(rate, inOrder(gradients), factor);
        if (rows != null && words != null) {
          variables.indebted(rows);
          rows.step(rate, words.rows(), words.values(), factor);
        }
      } else {
        sgd(gradients, rate, factor);
      }
      meter.boundary();
      return norm;
    }
  }

  private Map<String, Tensor> gradients() {
    var out = new LinkedHashMap<String, Tensor>();
    for (var name : whole) {
      Tensor gradient = variables.gradient(name);
      if (gradient.defined()) {
        out.put(name, gradient);
      }
    }
    return out;
  }

  /** g += mu · (w − anchor). */
  private void add(GradientTerm term, Map<String, Tensor> gradients) {
    switch (term) {
      case GradientTerm.Proximal proximal ->
          gradients.forEach((name, gradient) -> {
            Tensor w = variables.get(name);
            var memory = proximal.anchor().get(name).data();
            Tensor anchor = Tensors.borrow(memory, w.numel()).view_as(w);
            gradient.add_(w.sub(anchor), new Scalar(proximal.mu()));
          });
    }
  }

  /** In double over the tensors' own norms, the words' first, then in the order of the wire. */
  private static double norm(Map<String, Tensor> gradients, @Nullable RowGradient words) {
    double sum = words == null ? 0 : squared(words.values());
    for (var gradient : gradients.values()) {
      sum += squared(gradient);
    }
    return Math.sqrt(sum);
  }

  private static double squared(Tensor gradient) {
    double norm = torch.linalg_vector_norm(gradient).item_double();
    return norm * norm;
  }

  /** In the order of the variables; undefined where there is none. */
  private List<Tensor> inOrder(Map<String, Tensor> gradients) {
    return whole.stream().map(name -> gradients.getOrDefault(name, new Tensor())).toList();
  }

  /** v = momentum · v + factor · g + decay · w; w −= rate · v. */
  private void sgd(Map<String, Tensor> gradients, double rate, double factor) {
    gradients.forEach((name, gradient) -> {
      Tensor w = variables.get(name);
      if (factor != 1) {
        gradient.mul_(new Scalar(factor));
      }
      if (spec.weightDecay() != 0) {
        gradient.add_(w, new Scalar(spec.weightDecay()));
      }
      Tensor direction = gradient;
      if (spec.momentum() != 0) {
        var v = velocity.get(name);
        if (v == null) {
          v = Tensors.own(gradient.clone());
          velocity.put(name, v);
        } else {
          v.mul_(new Scalar(spec.momentum())).add_(gradient);
        }
        direction = v;
      }
      w.add_(direction, new Scalar(-rate));
    });
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("optimizer: closed (expected: open)");
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (adamw != null) {
        adamw.close();
      }
      if (rows != null) {
        variables.settled(rows);
        rows.close();
      }
      velocity.values().forEach(Tensor::close);
      velocity.clear();
    }
  }
}
