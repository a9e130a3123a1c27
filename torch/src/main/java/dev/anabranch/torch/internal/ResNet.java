package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.Picture;
import java.util.ArrayList;
import java.util.List;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The residual networks for small images of arXiv 1512.03385, section 4.2: a convolution, three
 * stages of n blocks with 16, 32 and 64 channels, the mean over all pixels, a linear classifier;
 * depth 6 n + 2. A layer is a block, so a cut may lie between any two. Shortcuts are those of
 * option A: every second pixel, zeros for the channels that are added, half of them before and half
 * after. Names are those of the PyTorch checkpoints by Y. Idelbayev.
 *
 * <p>Between layers stands [b, h · w, c]: a pixel is a position, and its channels are its vector.
 *
 * <p>The running mean and variance of a batch norm are variables without a gradient: they are
 * exchanged and averaged like all others; how many batches they have seen is not kept.
 *
 * <p><i>Differs:</i> a classifier that is drawn anew has no bias at first.
 *
 * @param blocks n, of each stage
 * @param channels of an image
 * @param size of an image, both sides
 */
public record ResNet(int blocks, int channels, int size, int classes) implements Family {
  /** As a configuration names it. */
  public static final String NAME = "resnet-cifar";

  private static final double EPS = 1e-5;
  private static final int STEM = 16;
  private static final int STAGES = 3;

  /**
   * Reads {@code depth}, {@code num_channels} and {@code image_size}.
   *
   * @param classes of the task
   */
  public static ResNet of(ConfigMap config, int classes) {
    int depth = config.size("depth");
    config.require(depth >= 8 && depth % 6 == 2, "depth", "6 n + 2, such as 20, 32, 44, 56 or 110");
    int size = config.size("image_size", 32);
    config.require(size >= 8 && size % 4 == 0, "image_size", "a multiple of 4, at least 8");
    return new ResNet((depth - 2) / 6, config.size("num_channels", 3), size, classes);
  }

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Picture picture() {
    return new Picture(channels, size);
  }

  @Override
  public Pooling pooling() {
    return Pooling.MEAN;
  }

  /**
   * Its weights take a megabyte; in half the bytes a batch norm would lose more than that gains.
   */
  @Override
  public boolean halves() {
    return false;
  }

  /** The stages differ in their channels and sizes. */
  @Override
  public boolean passable() {
    return false;
  }

  @Override
  public int layers() {
    return STAGES * blocks;
  }

  @Override
  public int width() {
    return STEM << (STAGES - 1);
  }

  @Override
  public int positions() {
    return size * size;
  }

  /** 0 to 2. */
  private int stage(int layer) {
    return layer / blocks;
  }

  private boolean widens(int layer) {
    return layer % blocks == 0 && layer > 0;
  }

  private int out(int layer) {
    return STEM << stage(layer);
  }

  private int in(int layer) {
    return layer == 0 ? STEM : out(layer - 1);
  }

  @Override
  public String at(int layer) {
    return "layer" + (1 + stage(layer)) + "." + layer % blocks + ".";
  }

  @Override
  public List<TensorSpec> input() {
    var all = new ArrayList<TensorSpec>();
    all.add(TensorSpec.of("conv1.weight", STEM, channels, 3, 3));
    norm("bn1", STEM, all);
    return all;
  }

  @Override
  public List<TensorSpec> layer(int index) {
    var all = new ArrayList<TensorSpec>();
    all.add(TensorSpec.of(at(index) + "conv1.weight", out(index), in(index), 3, 3));
    norm(at(index) + "bn1", out(index), all);
    all.add(TensorSpec.of(at(index) + "conv2.weight", out(index), out(index), 3, 3));
    norm(at(index) + "bn2", out(index), all);
    return all;
  }

  private static void norm(String name, int channels, List<TensorSpec> into) {
    for (var part : List.of("weight", "bias", "running_mean", "running_var")) {
      into.add(TensorSpec.of(name + "." + part, channels));
    }
  }

  @Override
  public List<TensorSpec> output() {
    return List.of(
        TensorSpec.of("linear.weight", classes, width()), TensorSpec.of("linear.bias", classes));
  }

  @Override
  public List<String> head() {
    return List.of("linear.weight", "linear.bias");
  }

  @Override
  public List<LinearMap> maps(int layer) {
    return List.of();
  }

  @Override
  public boolean takes(Parameterisation part) {
    return switch (part) {
      case Parameterisation.Lora l -> false;
      case Parameterisation.SoftPrompt s -> false;
      case Parameterisation.Adapter a -> false;
      default -> Family.super.takes(part);
    };
  }

  /** Convolutions and classifier by arXiv 1502.01852: normal, of variance 2 / fan-in. */
  @Override
  public void draw(TensorSpec spec, Tensor into, long seed) {
    var name = spec.name();
    if (name.endsWith("linear.weight") || spec.shape().size() == 4) {
      double fan = (double) spec.elements() / spec.shape().get(0);
      into.normal_(0, Math.sqrt(2 / fan), Init.generator(name, seed));
    } else {
      boolean one = name.endsWith(".weight") || name.endsWith("running_var");
      into.fill_(new Scalar(one ? 1 : 0));
    }
  }

  @Override
  public Tensor embed(Inputs inputs, Pass pass) {
    Tensor x = ImageInputs.of(inputs, picture());
    return flat(norm("bn1", pass.convolution(x, pass.weight("conv1.weight"), 1, 1), pass).relu());
  }

  @Override
  public Tensor layer(int index, Tensor hidden, Pass pass) {
    String at = at(index);
    Tensor x = square(hidden, size >> (index == 0 ? 0 : stage(index - 1)));
    Tensor y = pass.convolution(x, pass.weight(at + "conv1.weight"), widens(index) ? 2 : 1, 1);
    y = norm(at + "bn1", y, pass).relu();
    y = norm(at + "bn2", pass.convolution(y, pass.weight(at + "conv2.weight"), 1, 1), pass);
    return flat(y.add(widens(index) ? shortcut(x) : x).relu());
  }

  /** Option A: [b, c, h, w] to [b, 2 c, h / 2, w / 2]. */
  private static Tensor shortcut(Tensor x) {
    long quarter = x.size(1) / 2; // of the channels that come out
    Tensor second =
        x.slice(2, new LongOptional(), new LongOptional(), 2)
            .slice(3, new LongOptional(), new LongOptional(), 2);
    return torch.constant_pad_nd(second, new long[] {0, 0, 0, 0, quarter, quarter}, new Scalar(0));
  }

  private static Tensor norm(String name, Tensor x, Pass pass) {
    return pass.batchNorm(name, x, EPS);
  }

  /** [b, h · w, c] to [b, c, h, w], the same memory. */
  private static Tensor square(Tensor hidden, int side) {
    return hidden.view(hidden.size(0), side, side, hidden.size(2)).permute(0, 3, 1, 2);
  }

  /** [b, c, h, w] to [b, h · w, c]. */
  private static Tensor flat(Tensor x) {
    return x.permute(0, 2, 3, 1).reshape(x.size(0), x.size(2) * x.size(3), x.size(1));
  }

  @Override
  public Tensor output(Tensor hidden, Pass pass) {
    Tensor pooled =
        hidden.mean(new long[] {1}, false, new org.bytedeco.pytorch.ScalarTypeOptional());
    return pass.linear("", "linear", true, BertLayers.cast(pooled, ScalarType.Float));
  }
}
