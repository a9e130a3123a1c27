package dev.anabranch.testkit;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Trainable;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The weights of one party: frozen ones shared with all, trained ones and their gradients its own.
 * Not thread-safe.
 */
final class ToyVariables implements Trainable {
  private final ToyEngine engine;
  private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
  private final Map<String, float[]> trained = new LinkedHashMap<>();
  private final Map<String, double[]> gradients = new LinkedHashMap<>();
  private final Set<String> reached = new HashSet<>();
  private double loraScale;

  ToyVariables(ToyEngine engine, ModelUse use, List<Partition.Segment> segments, long initSeed) {
    this.engine = engine;
    for (var segment : segments) {
      attach(use.of(segment), segment, initSeed);
    }
  }

  /** The weights of a segment, in wire order. */
  static List<TensorSpec> base(ToyEngine engine, Partition.Segment segment) {
    int d = engine.width;
    var out = new ArrayList<TensorSpec>();
    if (segment.from() == 0) {
      out.add(TensorSpec.of("embed.weight", d, engine.features));
      out.add(TensorSpec.of("embed.bias", d));
    }
    for (int l = segment.from(); l < segment.until(); l++) {
      out.add(TensorSpec.of("layer." + l + ".weight", d, d));
      out.add(TensorSpec.of("layer." + l + ".mix", d, d));
      out.add(TensorSpec.of("layer." + l + ".bias", d));
    }
    if (segment.until() == engine.layers) {
      out.add(TensorSpec.of("classifier.weight", engine.classes, d));
      out.add(TensorSpec.of("classifier.bias", engine.classes));
    }
    return out;
  }

  static float[] draw(long seed, TensorSpec spec, double scale) {
    var random = Seeds.stream(seed, spec.name());
    float[] out = new float[Math.toIntExact(spec.elements())];
    double deviation = scale / Math.sqrt(spec.shape().getLast());
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) (deviation * random.nextGaussian());
    }
    return out;
  }

  private void attach(Parameterisation how, Partition.Segment segment, long initSeed) {
    var weights = base(engine, segment);
    switch (how) {
      case Parameterisation.Frozen f -> {}
      case Parameterisation.Everything e -> weights.forEach(this::train);
      case Parameterisation.HeadOnly h -> classifier(weights);
      case Parameterisation.Biases b -> {
        weights.stream().filter(s -> s.name().endsWith("bias")).forEach(this::train);
        classifier(weights);
      }
      case Parameterisation.Lora l -> {
        loraScale = l.alpha() / l.r();
        for (int i = segment.from(); i < segment.until(); i++) {
          var a = TensorSpec.of("layer." + i + ".lora_A", l.r(), engine.width);
          add(a, draw(initSeed, a, 1));
          var b = TensorSpec.of("layer." + i + ".lora_B", engine.width, l.r());
          add(b, new float[engine.width * l.r()]);
        }
        classifier(weights);
      }
      case Parameterisation.SoftPrompt p -> {
        if (segment.from() == 0) {
          var spec = TensorSpec.of("prompt", p.tokens(), engine.width);
          add(spec, draw(initSeed, spec, 1));
        }
      }
      case Parameterisation.Combined c ->
          c.parts().forEach(part -> attach(part, segment, initSeed));
      case Parameterisation.Adapter a -> throw refused(how);
      case Parameterisation.Prefix p -> throw refused(how);
    }
  }

  private static AnabranchException refused(Parameterisation how) {
    return AnabranchException.expected(
        Failure.UNSUPPORTED, "parameterisation", how.name(), "one that the toy engine knows");
  }

  private void classifier(List<TensorSpec> weights) {
    weights.stream().filter(s -> s.name().startsWith("classifier")).forEach(this::train);
  }

  private void train(TensorSpec spec) {
    add(spec, weight(spec.name()).clone());
  }

  private void add(TensorSpec spec, float[] values) {
    if (specs.putIfAbsent(spec.name(), spec) == null) {
      trained.put(spec.name(), values);
      gradients.put(spec.name(), new double[values.length]);
    }
  }

  /** The values now, trained or frozen. */
  float[] weight(String name) {
    var own = trained.get(name);
    return own != null ? own : java.util.Objects.requireNonNull(engine.base.get(name), name);
  }

  boolean has(String name) {
    return trained.containsKey(name);
  }

  /** Where the gradient is added; null for a frozen weight. */
  double @Nullable [] gradient(String name) {
    reached.add(name);
    return gradients.get(name);
  }

  /** Whether a backward pass has come to a variable since the last zero. */
  boolean reached(String name) {
    return reached.contains(name);
  }

  @Override
  public double gradientNorm(Predicate<String> names) {
    double sum = 0;
    for (var e : gradients.entrySet()) {
      if (names.test(e.getKey())) {
        for (double g : e.getValue()) {
          sum += g * g;
        }
      }
    }
    return Math.sqrt(sum);
  }

  double loraScale() {
    return loraScale;
  }

  Map<String, float[]> trained() {
    return trained;
  }

  long bytes() {
    return trained.values().stream().mapToLong(v -> v.length * 4L).sum();
  }

  void zero() {
    reached.clear();
    gradients.values().forEach(g -> java.util.Arrays.fill(g, 0));
  }

  @Override
  public List<TensorSpec> specs() {
    return List.copyOf(specs.values());
  }

  @Override
  public TensorMap copy() {
    var out = new LinkedHashMap<String, Tensor>();
    specs.forEach((name, spec) -> out.put(name, Tensor.of(weight(name), spec.dims())));
    return TensorMap.of(out);
  }

  @Override
  public void load(TensorMap values) {
    engine.meter().count(0);
    values.requireSpecs(specs());
    put(values);
  }

  /** Loads those that are there; refuses an unknown name or another shape. */
  void put(TensorMap values) {
    for (var spec : values.specs()) {
      if (!spec.equals(specs.get(spec.name()))) {
        throw new IllegalArgumentException(
            "tensor: " + spec + " (expected: one of " + specs.values() + ")");
      }
      trained.put(spec.name(), values.get(spec.name()).toArray());
    }
  }
}
