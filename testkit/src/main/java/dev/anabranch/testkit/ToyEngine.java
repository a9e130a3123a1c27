package dev.anabranch.testkit;

import dev.anabranch.core.Batch;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.stream.DoubleStream;
import org.jspecify.annotations.Nullable;

/**
 * A small network in plain Java, with everything that a method may ask of an engine: cuts between
 * layers, soft prompts, low-rank weights, exact gradients, counted work. Safe to call from any
 * thread.
 *
 * <p>{@code x0 = [prompts; E f + e]}, {@code t = prompts + 1} rows of width d; layer l adds {@code
 * tanh(W x + V m + b)} to each row, with m the mean over the rows; the classifier reads the mean of
 * the last rows. Arithmetic is double; hidden states and their gradients are rounded to float
 * between layers, so that a cut changes nothing.
 */
public final class ToyEngine implements Engine {
  /** Tokens that the toy language models know. */
  public static final int VOCABULARY = 8;

  /** Fixed features of a token. */
  static final int TOKEN = 4;

  final int features;
  final int width;
  final int layers;
  final int classes;
  final boolean rounding;
  final boolean statistics;

  /** Whether samples are positions of a text, and classes the tokens of a vocabulary. */
  final boolean language;

  final Map<String, float[]> base = new LinkedHashMap<>();
  private final ToyLanes lanes;
  private @Nullable ToyEngine large;

  /** Four layers of width 6 on 5 features and 3 classes. */
  public static ToyEngine small(int lanes) {
    return new ToyEngine(5, 6, 4, 3, lanes, 7);
  }

  /**
   * A language model of two layers over {@link #VOCABULARY} tokens: it sees a token and the one
   * before it. Larger ones differ in width and seed alone.
   */
  public static ToyEngine language(int width, int lanes, long seed) {
    return new ToyEngine(2 * TOKEN, width, 2, VOCABULARY, lanes, seed, true, false, true);
  }

  public ToyEngine(int features, int width, int layers, int classes, int lanes, long seed) {
    this(features, width, layers, classes, lanes, seed, true, false, false);
  }

  /**
   * The small network with a running mean and variance of what enters its first layer among its
   * variables: measured, never stepped, and not used.
   */
  public static ToyEngine withStatistics(int lanes) {
    return new ToyEngine(5, 6, 4, 3, lanes, 7, true, true, false);
  }

  ToyEngine(
      int features, int width, int layers, int classes, int lanes, long seed, boolean rounding) {
    this(features, width, layers, classes, lanes, seed, rounding, false, false);
  }

  /**
   * @param rounding whether hidden states are rounded to float between layers; without it gradients
   *     are smooth
   */
  ToyEngine(
      int features,
      int width,
      int layers,
      int classes,
      int lanes,
      long seed,
      boolean rounding,
      boolean statistics,
      boolean language) {
    this.language = language;
    this.features = features;
    this.width = width;
    this.layers = layers;
    this.classes = classes;
    this.rounding = rounding;
    this.statistics = statistics;
    this.lanes = new ToyLanes(lanes);
    var whole = Partition.whole(layers, NodeId.Role.DEVICE);
    for (var spec : ToyVariables.base(this, whole, whole.segment("whole"))) {
      base.put(
          spec.name(), ToyVariables.draw(seed, spec, spec.name().endsWith("bias") ? 0.1 : 0.5));
    }
  }

  @Override
  public ModelFacts facts() {
    var pooling = language ? Pooling.NONE : Pooling.MEAN;
    return new ModelFacts(
        "toy", layers, width, classes, language ? 32 : 1, pooling, frozenSha256());
  }

  /** Over the frozen weights as they are now: equal before and after every run. */
  public String frozenSha256() {
    var all = new LinkedHashMap<String, Tensor>();
    base.forEach((name, values) -> all.put(name, Tensor.of(values, values.length)));
    return TensorMap.of(all).sha256();
  }

  @Override
  public Lanes lanes() {
    return lanes;
  }

  ToyLanes meter() {
    return lanes;
  }

  @Override
  public ToyModel open(ModelUse use, NodeId.Role holder, long initSeed) {
    lanes.count(0);
    return new ToyModel(this, use, use.partition().heldBy(holder), initSeed);
  }

  @Override
  public Predictor predictor(ModelUse use, TensorMap trained) {
    var model =
        lanes.run(() -> new ToyModel(this, use, use.partition().segments(), 0), false).value();
    model.variables().put(trained);
    return new Predictor() {
      @Override
      public Tensor logits(Batch batch) {
        return lanes.run(() -> model.route().logits(batch), false).value();
      }

      @Override
      public void close() {
        model.close();
      }
    };
  }

  /** This model as a black box that closes nothing. */
  public BlackBox box() {
    var use = new ModelUse(Partition.whole(layers, NodeId.Role.DEVICE), Map.of());
    return new ToyBox(predictor(use, TensorMap.empty()), classes);
  }

  /** A larger model that speaks the same tokens, as a black box; it is closed with this engine. */
  public synchronized BlackBox large() {
    if (large == null) {
      large = language(width + 4, 1, 17);
    }
    return large.box();
  }

  private record ToyBox(Predictor predictor, int vocabulary) implements BlackBox {
    @Override
    public String name() {
      return "toy";
    }

    @Override
    public Tensor logits(Inputs.Tokens tokens) {
      int[] rows = new int[tokens.size()];
      return predictor.logits(new Batch(rows, tokens, rows));
    }

    @Override
    public void close() {}
  }

  @Override
  public synchronized void close() {
    lanes.close();
    if (large != null) {
      large.close();
    }
  }

  /**
   * Texts that a language model can learn: each dialect has its own habits of which token follows
   * which.
   */
  public static ToyText text(int size, int dialect, long seed) {
    var habits = Seeds.stream(13, "dialect", dialect);
    double[][] follows = new double[VOCABULARY][VOCABULARY];
    for (double[] row : follows) {
      for (int c = 0; c < VOCABULARY; c++) {
        row[c] = Math.exp(2 * habits.nextGaussian());
      }
    }
    var random = Seeds.stream(seed, "text");
    int[][] texts = new int[size][];
    for (int i = 0; i < size; i++) {
      texts[i] = new int[4 + random.nextInt(5)];
      for (int t = 0; t < texts[i].length; t++) {
        texts[i][t] = t == 0 ? random.nextInt(VOCABULARY) : drawn(follows[texts[i][t - 1]], random);
      }
    }
    return new ToyText(texts);
  }

  private static int drawn(double[] weights, RandomGenerator random) {
    double left = random.nextDouble() * DoubleStream.of(weights).sum();
    int at = 0;
    while (at < weights.length - 1 && left >= weights[at]) {
      left -= weights[at++];
    }
    return at;
  }

  /** A data set that this network can learn: one noisy centre for each class. */
  public ToyShard shard(int size, long seed) {
    float[][] centres = new float[classes][];
    for (int c = 0; c < classes; c++) {
      var random = Seeds.stream(11, "centre", c);
      centres[c] = new float[features];
      for (int i = 0; i < features; i++) {
        centres[c][i] = (float) random.nextGaussian();
      }
    }
    var random = Seeds.stream(seed, "examples");
    float[][] values = new float[size][features];
    int[] labels = new int[size];
    for (int row = 0; row < size; row++) {
      labels[row] = random.nextInt(classes);
      for (int i = 0; i < features; i++) {
        values[row][i] = centres[labels[row]][i] + (float) (0.3 * random.nextGaussian());
      }
    }
    return new ToyShard(values, labels);
  }
}
