package dev.anabranch.testkit;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
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
  final int features;
  final int width;
  final int layers;
  final int classes;
  final boolean rounding;
  final boolean statistics;
  final Map<String, float[]> base = new LinkedHashMap<>();
  private final ToyLanes lanes;

  /** Four layers of width 6 on 5 features and 3 classes. */
  public static ToyEngine small(int lanes) {
    return new ToyEngine(5, 6, 4, 3, lanes, 7);
  }

  public ToyEngine(int features, int width, int layers, int classes, int lanes, long seed) {
    this(features, width, layers, classes, lanes, seed, true, false);
  }

  /**
   * The small network with a running mean and variance of what enters its first layer among its
   * variables: measured, never stepped, and not used.
   */
  public static ToyEngine withStatistics(int lanes) {
    return new ToyEngine(5, 6, 4, 3, lanes, 7, true, true);
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
      boolean statistics) {
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
    return new ModelFacts("toy", layers, width, classes, 1, Pooling.MEAN, frozenSha256());
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

  @Override
  public void close() {
    lanes.close();
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
