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
  private static final String MEAN = "embed.running_mean";
  private static final String VARIANCE = "embed.running_var";

  private final ToyEngine engine;
  private final Map<String, TensorSpec> specs = new LinkedHashMap<>();
  private final Map<String, float[]> trained = new LinkedHashMap<>();
  private final Map<String, double[]> gradients = new LinkedHashMap<>();
  private final Set<String> reached = new HashSet<>();
  private final Map<String, List<String>> bySegment = new LinkedHashMap<>();
  private final Partition partition;
  private Set<String> active;
  private boolean restricted;
  private double loraScale;

  ToyVariables(ToyEngine engine, ModelUse use, List<Partition.Segment> segments, long initSeed) {
    this.engine = engine;
    this.partition = use.partition();
    for (var segment : segments) {
      int before = specs.size();
      attach(use.of(segment), segment, initSeed);
      bySegment.put(segment.name(), List.copyOf(specs.keySet()).subList(before, specs.size()));
    }
    active = Set.copyOf(gradients.keySet());
    reached.addAll(active);
  }

  /** The weights of a segment, in wire order. */
  static List<TensorSpec> base(ToyEngine engine, Partition partition, Partition.Segment segment) {
    int d = engine.width;
    var out = new ArrayList<TensorSpec>();
    if (segment.equals(partition.segments().getFirst())) {
      out.add(TensorSpec.of("embed.weight", d, engine.features));
      out.add(TensorSpec.of("embed.bias", d));
    }
    for (int l = segment.from(); l < segment.until(); l++) {
      out.add(TensorSpec.of("layer." + l + ".weight", d, d));
      out.add(TensorSpec.of("layer." + l + ".mix", d, d));
      out.add(TensorSpec.of("layer." + l + ".bias", d));
    }
    if (segment.equals(partition.segments().getLast())) {
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
    var weights = base(engine, partition, segment);
    switch (how) {
      case Parameterisation.Frozen f -> {}
      case Parameterisation.Everything e -> {
        weights.forEach(this::train);
        if (engine.statistics && segment.equals(partition.segments().getFirst())) {
          measured(MEAN, 0);
          measured(VARIANCE, 1);
        }
      }
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

  /** A variable that has no gradient and is not stepped. */
  private void measured(String name, float value) {
    var values = new float[engine.width];
    java.util.Arrays.fill(values, value);
    specs.put(name, TensorSpec.of(name, engine.width));
    trained.put(name, values);
  }

  /** Takes statistics of the rows that enter the first layer, [rows, width] each. */
  void recalibrate(List<double[]> batches) {
    if (!has(MEAN)) {
      return;
    }
    int d = engine.width;
    float[] means = new float[d];
    float[] variances = new float[d];
    for (int i = 0; i < d; i++) {
      double mean = 0;
      double variance = 0;
      for (double[] x : batches) {
        double sum = 0;
        double squares = 0;
        for (int at = i; at < x.length; at += d) {
          sum += x[at] * d / x.length;
          squares += x[at] * x[at] * d / x.length;
        }
        mean += sum / batches.size();
        variance += (squares - sum * sum) / batches.size();
      }
      means[i] = (float) mean;
      variances[i] = (float) variance;
    }
    trained.put(MEAN, means);
    trained.put(VARIANCE, variances);
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

  /** Where the gradient is added; null for a weight that is not trained. */
  double @Nullable [] gradient(String name) {
    if (!active.contains(name)) {
      return null;
    }
    reached.add(name);
    return gradients.get(name);
  }

  private List<String> of(String segment) {
    var names = bySegment.get(segment);
    if (names == null) {
      throw new IllegalArgumentException(
          "segment: " + segment + " (expected: one of " + bySegment.keySet() + ")");
    }
    return names;
  }

  /** Trains these segments alone; gives the bytes of gradients that are held for them. */
  long train(String... segments) {
    restricted = true;
    active =
        java.util.Arrays.stream(segments)
            .flatMap(s -> of(s).stream())
            .filter(gradients::containsKey)
            .collect(java.util.stream.Collectors.toUnmodifiableSet());
    return active.stream().mapToLong(name -> weight(name).length * 4L).sum();
  }

  /** Whether a layer, or anything with a lower number, has something that is trained. */
  boolean trainedUpTo(int layer) {
    return !restricted
        || active.stream()
            .anyMatch(name ->
                name.startsWith("embed.")
                    || name.equals("prompt")
                    || (name.startsWith("layer.")
                        && Integer.parseInt(name.split("\\.", 3)[1]) <= layer));
  }

  /** The variables that are stepped. */
  Map<String, float[]> stepped() {
    var out = new LinkedHashMap<String, float[]>();
    trained.forEach((name, values) -> {
      if (active.contains(name)) {
        out.put(name, values);
      }
    });
    return out;
  }

  /** Those of one segment. */
  Trainable segment(String segment) {
    var names = of(segment);
    return new Trainable() {
      @Override
      public List<TensorSpec> specs() {
        return specs.values().stream().filter(s -> names.contains(s.name())).toList();
      }

      @Override
      public TensorMap copy() {
        return ToyVariables.this.copy().select(names::contains);
      }

      @Override
      public void load(TensorMap values) {
        engine.meter().count(0);
        values.requireSpecs(specs());
        put(values);
      }

      @Override
      public double gradientNorm(Predicate<String> which) {
        return ToyVariables.this.gradientNorm(name -> names.contains(name) && which.test(name));
      }
    };
  }

  /** Whether a backward pass has come to a variable since the last zero; at first, all count. */
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
