package dev.anabranch.testkit;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Block;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Route;
import dev.anabranch.core.ScoreLoss;
import dev.anabranch.core.Tail;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.Trainable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.ToDoubleBiFunction;
import org.jspecify.annotations.Nullable;

/** One party's segments of the toy network. Not thread-safe; called on a lane. */
public final class ToyModel implements Model {
  private final ToyEngine engine;
  private final List<Partition.Segment> segments;
  private final ToyVariables variables;
  private final ToyLayers net;
  private final int rows;
  private final Partition partition;
  private long held;
  private boolean closed;

  ToyModel(ToyEngine engine, ModelUse use, List<Partition.Segment> segments, long initSeed) {
    this.engine = engine;
    this.segments = segments;
    this.partition = use.partition();
    this.variables = new ToyVariables(engine, use, segments, initSeed);
    this.net = new ToyLayers(engine, variables, use.prompts() + 1);
    this.rows = use.prompts() + 1;
    this.held = 2 * variables.bytes();
    engine.meter().hold(held);
  }

  @Override
  public ModelFacts facts() {
    return engine.facts();
  }

  @Override
  public Trainable trainable() {
    return variables;
  }

  @Override
  public Trainable trainable(String segment) {
    return variables.segment(segment);
  }

  @Override
  public void train(String... names) {
    long now = variables.bytes() + variables.train(names);
    engine.meter().hold(now - held);
    held = now;
  }

  @Override
  public void recalibrate(Iterable<Batch> batches) {
    var rows = new ArrayList<double[]>();
    batches.forEach(batch -> rows.add(net.embed(features(batch))));
    variables.recalibrate(rows);
  }

  ToyVariables variables() {
    return variables;
  }

  private Partition.Segment segment(String name) {
    return segments.stream()
        .filter(s -> s.name().equals(name))
        .findFirst()
        .orElseThrow(() ->
            new IllegalArgumentException(
                "segment: " + name + " (expected: one of " + segments + ")"));
  }

  /** The layers that a way through segments passes, in order. */
  private static int[] layers(List<Partition.Segment> way) {
    return way.stream()
        .flatMapToInt(s -> java.util.stream.IntStream.range(s.from(), s.until()))
        .toArray();
  }

  @Override
  public Route route(String... names) {
    var way = names.length == 0 ? segments : Arrays.stream(names).map(this::segment).toList();
    if (way.isEmpty() || way.getFirst().from() != 0 || way.getLast().until() != engine.layers) {
      throw new IllegalArgumentException(
          "route: " + way + " (expected: from the first segment to the last)");
    }
    return new Way(layers(way));
  }

  /** From the input through some layers to the loss. */
  private final class Way implements Route {
    private final int[] layers;

    Way(int[] layers) {
      this.layers = layers;
    }

    @Override
    public Route through(int... some) {
      for (int i = 0; i < some.length; i++) {
        if (Arrays.binarySearch(layers, some[i]) < 0 || (i > 0 && some[i] <= some[i - 1])) {
          throw new IllegalArgumentException(
              "layers: "
                  + Arrays.toString(some)
                  + " (expected: ascending, of "
                  + Arrays.toString(layers)
                  + ")");
        }
      }
      return new Way(some.clone());
    }

    @Override
    public Tensor logits(Batch batch) {
      var x = net.embed(features(batch));
      for (int l : layers) {
        x = net.forward(l, x);
      }
      int n = features(batch).size();
      var scores = tensor(net.classify(x, n), n, engine.classes);
      return engine.language
          ? scores.reshaped(batch.size(), n / batch.size(), engine.classes)
          : scores;
    }

    @Override
    public double loss(Batch batch) {
      return net.loss(logits(batch).toArray(), batch.labels());
    }

    @Override
    public double lossAndGradient(Batch batch) {
      return backward(batch, (x, dx) -> net.classifyAndGradient(x, batch.labels(), dx));
    }

    @Override
    public double lossAndGradient(Batch batch, ScoreLoss loss) {
      return backward(batch, (x, dx) -> net.classifyAndGradient(x, batch.labels(), loss, dx));
    }

    private double backward(Batch batch, ToDoubleBiFunction<double[], double[]> head) {
      var steps = new ArrayList<double[]>();
      var x = net.embed(features(batch));
      for (int l : layers) {
        steps.add(x);
        x = net.forward(l, x);
      }
      long bytes = 4L * steps.size() * x.length;
      engine.meter().hold(bytes);
      double[] dx = new double[x.length];
      double loss = head.applyAsDouble(x, dx);
      int i = layers.length - 1;
      for (; i >= 0 && variables.trainedUpTo(layers[i]); i--) {
        dx = net.backward(layers[i], steps.get(i), dx);
      }
      if (i < 0) {
        net.embedBackward(features(batch), dx);
      }
      engine.meter().hold(-bytes);
      return loss;
    }
  }

  @Override
  public Head head() {
    var segment = segments.getFirst();
    return new Head() {
      @Override
      public Hidden forward(Batch batch) {
        return hidden(through(segment, net.embed(features(batch))), batch.size());
      }

      @Override
      public void backward(Batch batch, Tensor gradient) {
        var dx = back(segment, net.embed(features(batch)), doubles(gradient));
        net.embedBackward(features(batch), dx);
      }
    };
  }

  @Override
  public Block block(String name) {
    var segment = segment(name);
    return new Block() {
      private @Nullable Hidden last;

      @Override
      public Tensor forward(Hidden input) {
        last = input;
        return hidden(through(segment, doubles(input.values())), input.lengths().length).values();
      }

      @Override
      public Tensor backward(Hidden input, Tensor gradient) {
        if (!input.equals(last)) {
          forward(input);
        }
        var dx = back(segment, doubles(input.values()), doubles(gradient));
        return hidden(dx, input.lengths().length).values();
      }
    };
  }

  @Override
  public Tail tail() {
    var segment = segments.getLast();
    return (hidden, batch) -> {
      var x = doubles(hidden.values());
      var z = through(segment, x);
      double[] dz = new double[z.length];
      double loss = net.classifyAndGradient(z, batch.labels(), dz);
      return new Tail.Result(loss, hidden(back(segment, x, dz), batch.size()).values());
    };
  }

  private double[] through(Partition.Segment segment, double[] x) {
    for (int l = segment.from(); l < segment.until(); l++) {
      x = net.forward(l, x);
    }
    return x;
  }

  /**
   * The gradient with respect to x; the steps between are kept as a model keeps its graph, and not
   * counted twice.
   */
  private double[] back(Partition.Segment segment, double[] x, double[] gradient) {
    var steps = new ArrayList<double[]>();
    for (int l = segment.from(); l < segment.until(); l++) {
      steps.add(x);
      x = net.compute(l, x);
    }
    for (int l = segment.until() - 1; l >= segment.from(); l--) {
      gradient = net.backward(l, steps.get(l - segment.from()), gradient);
    }
    return gradient;
  }

  /** The input, or of a text each position's token and the one before it. */
  private static Inputs.Features features(Batch batch) {
    if (!(batch.inputs() instanceof Inputs.Tokens tokens)) {
      return (Inputs.Features) batch.inputs();
    }
    int e = ToyEngine.TOKEN;
    float[] values = new float[tokens.ids().length * 2 * e];
    for (int i = 0; i < tokens.ids().length; i++) {
      put(values, 2 * e * i, tokens.ids()[i]);
      if (i % tokens.width() > 0) {
        put(values, 2 * e * i + e, tokens.ids()[i - 1]);
      }
    }
    return new Inputs.Features(values, 2 * e);
  }

  private static void put(float[] values, int at, int token) {
    for (int k = 0; k < ToyEngine.TOKEN; k++) {
      values[at + k] = (float) Math.sin(1 + token * (k + 1.7));
    }
  }

  private static double[] doubles(Tensor tensor) {
    float[] values = tensor.toArray();
    double[] out = new double[values.length];
    Arrays.setAll(out, i -> values[i]);
    return out;
  }

  private static Tensor tensor(double[] values, long... shape) {
    float[] out = new float[values.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = (float) values[i];
    }
    return Tensor.of(out, shape);
  }

  private Hidden hidden(double[] values, int samples) {
    int[] lengths = new int[samples];
    Arrays.fill(lengths, rows);
    return new Hidden(tensor(values, samples, rows, engine.width), lengths);
  }

  @Override
  public Optimizer optimizer(OptimizerSpec spec, GradientTerm... terms) {
    return new ToyOptimizer(variables, spec, terms);
  }

  @Override
  public long frozenBytes() {
    return segments.stream()
        .flatMap(s -> ToyVariables.base(engine, partition, s).stream())
        .filter(s -> !variables.has(s.name()))
        .mapToLong(s -> s.elements() * 4)
        .sum();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      engine.meter().hold(-held);
    }
  }
}
