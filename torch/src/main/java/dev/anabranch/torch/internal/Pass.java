package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Pooling;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One walk of a batch through consecutive layers of a {@link Family}: gives the variables that
 * apply, trained or frozen, computes the products of the architecture with what a parameterisation
 * lays on them, and counts.
 *
 * <p>Multiply-accumulates are counted where products happen. A linear map of n rows, [n, in] to [n,
 * out], costs n · in · out forward; its backward pass costs the same for the gradient of its input
 * and the same for that of its weight, each only if autograd will compute it. Attention of b
 * samples and h heads over t positions and k keys costs 2 · b · h · t · k · w forward and twice
 * that backward; what a causal kernel skips is counted like what it does not. Look-ups, sums,
 * norms, activations, softmax and the optimizer count 0.
 *
 * <p>Used on a lane, by one call; not thread-safe.
 */
public final class Pass implements AutoCloseable {
  /** What a batch weighs in a running mean; PyTorch's default. */
  private static final double MOMENTUM = 0.1;

  private final FamilyShapes shapes;
  private final FamilyWeights weights;
  private final Variables variables;
  private final Variables fallback;
  private final Parameterisation how;
  private ScalarType type;
  private final int prompts;
  private final @Nullable Placing placing;
  private final int[] lengths;
  private final boolean recording;
  private final @Nullable KeyValues cache;
  private final double momentum;
  private final Map<String, Tensor> kept = new HashMap<>();
  private long forward;
  private long backward;

  /**
   * What a walk needs beside its input.
   *
   * @param variables trained ones, looked up first
   * @param fallback a head that nobody trains
   * @param how of the segment; gives LoRA's scale
   * @param type of frozen weights and of hidden states
   * @param prompts soft-prompt positions before the input
   */
  record Given(
      FamilyShapes shapes,
      FamilyWeights weights,
      Variables variables,
      Variables fallback,
      Parameterisation how,
      ScalarType type,
      int prompts,
      @Nullable Placing placing) {}

  /**
   * @param lengths [b] real positions of each sample, prompts among them; empty where no position
   *     is padding
   * @param recording whether a backward pass follows
   * @param cache keys and values of positions that were read before, to which this walk adds
   */
  Pass(Given given, int[] lengths, boolean recording, @Nullable KeyValues cache) {
    this(given, lengths, recording, cache, recording ? MOMENTUM : 0);
  }

  /**
   * A walk without a gradient that estimates what batch norms keep of their inputs.
   *
   * @param momentum the weight of this batch against all those before, above 0
   */
  Pass(Given given, int[] lengths, double momentum) {
    this(given, lengths, false, null, momentum);
  }

  private Pass(
      Given given, int[] lengths, boolean recording, @Nullable KeyValues cache, double momentum) {
    this.shapes = given.shapes;
    this.weights = given.weights;
    this.variables = given.variables;
    this.fallback = given.fallback;
    this.how = given.how;
    this.type = given.type;
    this.prompts = given.prompts;
    this.placing = given.placing;
    this.lengths = lengths;
    this.recording = recording;
    this.cache = cache;
    this.momentum = momentum;
  }

  /** Element type of hidden states and of the weights that this gives. */
  public ScalarType type() {
    return type;
  }

  /** From here on in fp32, as a classifier is. */
  void widen() {
    type = ScalarType.Float;
  }

  /** Whether a backward pass follows, as in training. */
  public boolean recording() {
    return recording;
  }

  /** [b] real positions of each sample, prompts among them; empty where nothing is padding. */
  public int[] lengths() {
    return lengths;
  }

  /** Soft-prompt positions that stand before the input. */
  public int prompts() {
    return prompts;
  }

  /** A variable by its whole name: trained, or frozen, in the type of this pass. */
  public Tensor weight(String name) {
    var own = trained(name);
    return own == null ? weights.get(name, type) : BertLayers.cast(own, type);
  }

  /** The trained variable of this name, in fp32; null if it is frozen. */
  public @Nullable Tensor trained(String name) {
    var own = variables.find(name);
    return own == null ? fallback.find(name) : own;
  }

  /** What is computed from the configuration alone, once for all passes of the process. */
  public Tensor constant(String name, Supplier<Tensor> maker) {
    return weights.constant(name, maker);
  }

  /** What several layers of this pass share, computed without a gradient when first asked for. */
  public Tensor once(String name, Supplier<Tensor> maker) {
    var found = kept.get(name);
    if (found == null) {
      try (var scope = new PointerScope();
          var frozen = new NoGradGuard()) {
        found = Tensors.own(new Tensor(maker.get()));
      }
      kept.put(name, found);
    }
    return found;
  }

  /**
   * A linear map with bias and low-rank update where there are: x Wᵀ + b + s · (x Aᵀ) Bᵀ.
   *
   * @param at the layer's {@link Family#at}, or empty outside of layers
   * @param module such as {@code self_attn.q_proj}; its variables are {@code weight} [out, in] and
   *     {@code bias} [out]
   * @param bias whether it has one
   * @param x [..., in]
   * @return [..., out]
   */
  public Tensor linear(String at, String module, boolean bias, Tensor x) {
    String name = at + module;
    Tensor b = bias ? weight(name + ".bias") : null;
    return lowRank(at, module, x, product(x, name + ".weight", b));
  }

  /**
   * Several linear maps of one input side by side; one product where they are frozen.
   *
   * @param bias whether they have one
   * @param out width of the result of each
   * @return [..., sum of out]
   */
  public Tensor linears(String at, List<String> modules, boolean bias, long[] out, Tensor x) {
    var parts = new TensorVector();
    if (modules.stream()
        .anyMatch(m -> variables.has(at + m + ".weight") || variables.has(at + m + ".bias"))) {
      modules.forEach(module -> parts.push_back(linear(at, module, bias, x)));
      return torch.cat(parts, -1);
    }
    var names = modules.stream().map(module -> at + module).toList();
    Tensor b = bias ? weights.joined(names, ".bias", type) : null;
    Tensor w =
        decodes() ? weights.packed(names, ".weight", type) : weights.joined(names, ".weight", type);
    Tensor all = product(x, w, b);
    if (modules.stream().noneMatch(module -> variables.has(at + module + ".lora_A"))) {
      return all;
    }
    var plain = all.split_with_sizes(out, -1);
    for (int i = 0; i < out.length; i++) {
      parts.push_back(lowRank(at, modules.get(i), x, plain.get(i)));
    }
    return torch.cat(parts, -1);
  }

  /**
   * What a layer's feed-forward part gives, with a trained bottleneck behind it where there is one
   * (arXiv 2005.00247, after the feed-forward part alone): y + W↑ gelu(W↓ y + b↓) + b↑.
   *
   * @param at the layer's {@link Family#at}
   * @param y [..., d], before it is added to the layer's input
   */
  public Tensor adapted(String at, Tensor y) {
    if (!variables.has(at + "adapter.down.weight")) {
      return y;
    }
    Tensor inside = torch.gelu(linear(at, "adapter.down", true, y));
    return y.add(linear(at, "adapter.up", true, inside));
  }

  /** As {@link #linear} with a weight [in, out] and a bias, GPT-2's {@code Conv1D}. */
  public Tensor conv1d(String at, String module, Tensor x) {
    Tensor w = weight(at + module + ".weight").t();
    return lowRank(at, module, x, product(x, w, weight(at + module + ".bias")));
  }

  private Tensor product(Tensor x, Tensor w, @Nullable Tensor bias) {
    long cost = x.numel() / x.size(-1) * w.size(0) * w.size(1);
    count(cost, (x.requires_grad() ? cost : 0) + (w.requires_grad() ? cost : 0));
    return w.is_mkldnn()
        ? OneDnn.linear(x, w, bias)
        : torch.linear(x, w, bias == null ? new TensorOptional() : new TensorOptional(bias));
  }

  /**
   * x wᵀ + bias, counted.
   *
   * @param weight whole name of a variable [n, k]
   */
  public Tensor product(Tensor x, String weight, @Nullable Tensor bias) {
    boolean packed = decodes() && trained(weight) == null;
    return product(x, packed ? weights.packed(List.of(weight), "", type) : weight(weight), bias);
  }

  /** Whether few rows meet each weight and nothing asks for a gradient: the time is reading it. */
  private boolean decodes() {
    return cache != null && OneDnn.packs(type);
  }

  private Tensor lowRank(String at, String module, Tensor x, Tensor y) {
    var a = variables.find(at + module + ".lora_A");
    if (a == null) {
      return y;
    }
    Tensor b = BertLayers.cast(variables.get(at + module + ".lora_B"), type);
    Tensor up = product(product(x, BertLayers.cast(a, type), null), b, null);
    return y.add(up, new Scalar(shapes.loraScale(how, module)));
  }

  /**
   * A convolution without bias, counted: n output values of a kernel of k weights cost n · k, and
   * as much again for each gradient.
   *
   * @param x [b, c, h, w]
   * @param w [out, c, k, k]
   * @return [b, out, h', w']
   */
  public Tensor convolution(Tensor x, Tensor w, long stride, long padding) {
    Tensor y =
        torch.conv2d(
            x,
            w,
            new TensorOptional(),
            new long[] {stride, stride},
            new long[] {padding, padding},
            new long[] {1, 1},
            1);
    long cost = y.numel() * (w.numel() / w.size(0));
    count(cost, (x.requires_grad() ? cost : 0) + (w.requires_grad() ? cost : 0));
    return y;
  }

  /**
   * Batch normalisation (arXiv 1502.03167). Where its running mean and variance are trained
   * variables, a walk that records normalises by the batch and moves them; all others normalise by
   * them.
   *
   * @param name its variables are {@code weight}, {@code bias}, {@code running_mean}, {@code
   *     running_var}, each [c]
   * @param x [b, c, h, w]
   */
  public Tensor batchNorm(String name, Tensor x, double eps) {
    boolean moves = momentum > 0 && variables.has(name + ".running_mean");
    return torch.batch_norm(
        x,
        new TensorOptional(weight(name + ".weight")),
        new TensorOptional(weight(name + ".bias")),
        new TensorOptional(weight(name + ".running_mean").detach()),
        new TensorOptional(weight(name + ".running_var").detach()),
        moves,
        momentum,
        eps,
        false);
  }

  /** Counts a product that is computed elsewhere, such as a convolution. */
  public void count(long forwardMacs, long backwardMacs) {
    forward += forwardMacs;
    backward += backwardMacs;
  }

  /** Puts a soft prompt that joins the words before them, [b, t, d] to [b, p + t, d]. */
  public Tensor prompted(Tensor words) {
    return placing == Placing.WORDS ? prepended(words) : words;
  }

  /** Puts a soft prompt that joins after the embeddings before them. */
  Tensor promptedLate(Tensor embedded) {
    return placing == Placing.EMBEDDED ? prepended(embedded) : embedded;
  }

  private Tensor prepended(Tensor hidden) {
    return BertLayers.prepend(variables.get(FamilyShapes.PROMPT), hidden);
  }

  /**
   * Layer normalisation over the last axis.
   *
   * @param name its variables are {@code weight} and {@code bias} below it
   */
  public Tensor norm(String name, Tensor x, double eps) {
    Tensor weight = weight(name + ".weight");
    return torch.layer_norm(
        x,
        new long[] {weight.size(0)},
        new TensorOptional(weight),
        new TensorOptional(weight(name + ".bias")),
        eps,
        true);
  }

  /** How a classifier reads a sequence, [b, p + t, d] to [b, d]. */
  public Tensor pooled(Tensor hidden, Pooling pooling) {
    return switch (pooling) {
      case CLS -> hidden.select(1, placing == Placing.EMBEDDED ? prompts : 0);
      case PROMPT -> hidden.narrow(1, 0, prompts).mean(1);
      case MEAN -> hidden.mul(Sequence.shares(lengths, (int) hidden.size(1))).sum(1);
      case POOLER ->
          throw AnabranchException.expected(
              Failure.PLAN, "task.pooling", "pooler", "mean or cls, as only a BERT has one");
      case NONE -> throw new IllegalStateException("pooling: none (expected: a classifier's)");
    };
  }

  /** The places of this walk's t positions in their sequences, [1 or b, t], 64-bit integers. */
  public Tensor positions(long t) {
    return once(
        "positions." + t,
        () ->
            cache == null
                ? Tensors.range(prefixTokens(), t).unsqueeze(0)
                : cache.places(t).add(new Scalar(prefixTokens())));
  }

  private long prefixTokens() {
    return variables.specs().stream()
        .filter(spec -> spec.name().endsWith("prefix.key"))
        .mapToLong(spec -> spec.shape().get(0))
        .findFirst()
        .orElse(0);
  }

  /**
   * Scaled dot-product attention in fp32, scaled by 1/√w, over what was read before, a trained
   * prefix and the positions of this walk; padding is not seen.
   *
   * @param layer its index
   * @param q [b, h, t, w]
   * @param k [b, g, t, w], g a divisor of h: each key serves h / g heads
   * @param v [b, g, t, w]
   * @param causal whether a position sees none that come after it
   * @return [b, t, h · w] in the type of this pass
   */
  public Tensor attend(int layer, Tensor q, Tensor k, Tensor v, boolean causal) {
    Tensor query = BertLayers.cast(q, ScalarType.Float);
    Tensor keys = BertLayers.cast(k, ScalarType.Float);
    Tensor values = BertLayers.cast(v, ScalarType.Float);
    if (cache != null) {
      keys = cache.keys(layer, keys);
      values = cache.values(layer, values);
    }
    String at = shapes.family().at(layer);
    var prefix = variables.find(at + "prefix.key");
    long extra = prefix == null ? 0 : prefix.size(0);
    if (prefix != null) {
      keys = KeyValues.behind(prefix, keys);
      values = KeyValues.behind(variables.get(at + "prefix.value"), values);
    }
    long b = q.size(0);
    long t = q.size(2);
    long width = q.size(1) * q.size(3);
    boolean gradient = query.requires_grad() || keys.requires_grad() || values.requires_grad();
    long cost = 2 * b * t * keys.size(2) * width;
    count(cost, gradient ? 2 * cost : 0);
    boolean plain = causal && extra == 0 && cache == null;
    var mask = plain ? null : mask(t, extra, keys.size(2), causal);
    long share = q.size(1) / keys.size(1);
    if (t == 1) { // the queries of a group are rows that see the same keys
      query = query.reshape(b, keys.size(1), share, q.size(3));
      share = 1;
    }
    Tensor out =
        torch.scaled_dot_product_attention(
            query,
            KeyValues.shared(keys, share),
            KeyValues.shared(values, share),
            mask == null ? new TensorOptional() : new TensorOptional(mask),
            0.0,
            plain && t > 1,
            new DoubleOptional(),
            false);
    Tensor joined = t == 1 ? out.reshape(b, 1, width) : out.transpose(1, 2).reshape(b, t, width);
    return BertLayers.cast(joined, type);
  }

  /**
   * What is added to scores, [1 or b, 1, t or 1, k]: 0, and minus infinity for what is not seen.
   */
  private @Nullable Tensor mask(long t, long extra, long keys, boolean causal) {
    boolean whole = cache == null ? allReal(keys - extra) : cache.whole();
    if (whole && (!causal || t == 1)) {
      return null;
    }
    return once(
        "mask." + t + "." + causal,
        () -> {
          long earlier = keys - t;
          Tensor out = torch.zeros(1, 1, 1, keys);
          if (causal) {
            var never = new Scalar(Double.NEGATIVE_INFINITY);
            out = out.add(torch.full(new long[] {t, keys}, never).triu(earlier + 1));
          }
          if (!whole) {
            try (Tensor unread = cache == null ? padding(keys - extra) : cache.unread()) {
              out = out.add(torch.constant_pad_nd(unread, new long[] {extra, 0}, new Scalar(0)));
            }
          }
          return out;
        });
  }

  private boolean allReal(long t) {
    for (int length : lengths) {
      if (length < t) {
        return false;
      }
    }
    return true;
  }

  /** The caller owns it. */
  private Tensor padding(long t) {
    return Objects.requireNonNull(Sequence.mask(lengths, (int) t));
  }

  /** Adds the forward products since the last call to the meter, and samples memory. */
  void boundary() {
    var meter = Meter.here();
    meter.add(forward);
    forward = 0;
    meter.boundary();
  }

  /** Products that a backward pass of this walk executes. */
  long backward() {
    return backward;
  }

  @Override
  public void close() {
    kept.values().forEach(Tensor::close);
    kept.clear();
  }
}
