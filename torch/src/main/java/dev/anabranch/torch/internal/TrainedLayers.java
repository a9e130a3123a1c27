package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * A range of layers with trained parameters or low-rank updates in it, with a backward pass written
 * by hand: what autograd over {@link BertLayers} gives, to rounding, in less time and memory.
 *
 * <p>Products of a layer on m = b · t rows of width d and feed-forward width f, in multiply-adds,
 * all reported to the counter. Forward: 4md² + 2mdf for the maps, 2mtd for attention, mR(in + out)
 * for the low-rank updates of a map, R their summed ranks. Backward: the maps again for the
 * gradient of their inputs, once more for each trained weight, attention 4mtd (bf16) or 5mtd, and
 * 2mR(in + out) for the updates of a map, mR·in less where no input gradient is needed. Below the
 * lowest thing trained nothing is computed or kept, unless the input's gradient is wanted.
 *
 * <p>Thread rule: one object per step and thread; the weights are shared.
 */
public final class TrainedLayers {
  /** What a forward pass keeps for a backward pass. */
  public enum Keep {
    /** Nothing: there will be no backward pass. */
    NOTHING,
    /** What the gradients of the trained parameters need. */
    PARAMETERS,
    /** That, and what the gradient of the input needs. */
    INPUT
  }

  private static final List<String> QKV =
      List.of("attention.self.query", "attention.self.key", "attention.self.value");
  private static final String NORM1 = "attention.output.LayerNorm";
  private static final String NORM2 = "output.LayerNorm";

  // How far down a backward pass goes in a layer.
  private static final int INPUT = -1;
  private static final int AT_QKV = 0;
  private static final int AT_OUTPUT = 1;
  private static final int AT_NORM1 = 2;
  private static final int AT_INNER = 3;
  private static final int AT_OUTER = 4;
  private static final int AT_NORM2 = 5;
  private static final int NOWHERE = 6;

  private final BertWeights weights;
  private final BertConfig config;
  private final Hooks hooks;
  private final int[] indices;
  private final Products products;
  private final Attention attention;

  /**
   * Layers {@code from} up to, not including, {@code until}.
   *
   * @param hooks trained parameters (fp32) and low-rank updates; adapters and prefixes need {@link
   *     BertLayers}
   * @param macs told the multiply-adds of every product that is executed
   * @throws IllegalArgumentException if a hook is an adapter or a prefix
   */
  public TrainedLayers(BertWeights weights, int from, int until, Hooks hooks, LongConsumer macs) {
    this(weights, IntStream.range(from, until).toArray(), hooks, macs);
  }

  /** The same for some layers, in the given order. */
  TrainedLayers(BertWeights weights, int[] indices, Hooks hooks, LongConsumer macs) {
    this.weights = weights;
    this.config = weights.config();
    this.hooks = hooks;
    this.indices = indices.clone();
    this.products = new Products(macs);
    this.attention = new Attention(config, weights.type(), products);
    for (int i : indices) {
      if (!supports(hooks, i)) {
        throw new IllegalArgumentException(
            "hooks: an adapter or a prefix in layer " + i + " (expected: use BertLayers)");
      }
    }
  }

  /** Whether this class can run the layer with these hooks. */
  public static boolean supports(Hooks hooks, int layer) {
    return hooks.adapter(layer) == null && hooks.prefix(layer) == null;
  }

  /** What a forward pass leaves for the backward pass; closing it twice is allowed. */
  public static final class Tape implements AutoCloseable {
    private final List<Layer> layers = new ArrayList<>();
    private final Attention.Shape shape;

    private Tape(Attention.Shape shape) {
      this.shape = shape;
    }

    @Override
    public void close() {
      layers.forEach(Layer::close);
      layers.clear();
    }
  }

  /** The result of {@link #forward}: [b, t, d], the caller owns both. */
  public record Result(Tensor hidden, Tape tape) {}

  /**
   * @param hidden [b, t, d] in the type of the weights
   * @param mask from {@link BertLayers#mask}, or null; must stay open as long as the tape
   */
  public Result forward(Tensor hidden, @Nullable Tensor mask, Keep keep) {
    var shape = new Attention.Shape(hidden.size(0), hidden.size(1), mask);
    var tape = new Tape(shape);
    Tensor current = Tensors.own(new Tensor(hidden));
    boolean below = keep == Keep.INPUT;
    try (var frozen = new NoGradGuard()) {
      for (int i : indices) {
        try (var previous = current;
            var scope = new PointerScope()) {
          var layer = new Layer(i);
          layer.stop = keep == Keep.NOTHING ? NOWHERE : below ? INPUT : layer.lowest();
          Tensor rows = previous.reshape(shape.batch() * shape.tokens(), config.width());
          Tensor next = layer.forward(rows, shape);
          current = Tensors.own(next.view(shape.batch(), shape.tokens(), config.width()));
          if (layer.stop != NOWHERE) {
            tape.layers.add(layer);
            below = true;
          }
        }
      }
    }
    return new Result(current, tape);
  }

  /**
   * Empties the tape, layer by layer.
   *
   * @param gradient [b, t, d] with respect to the result, in the type of the weights; stays with
   *     the caller
   * @param gradients by Hugging Face name, {@code ….lora_A} and {@code ….lora_B} for updates; fp32,
   *     added to; a name without a tensor gets a new one, which the caller closes
   * @return the gradient of the input, [b, t, d], which the caller owns; null unless the tape was
   *     made with {@link Keep#INPUT}
   */
  public @Nullable Tensor backward(Tape tape, Tensor gradient, Map<String, Tensor> gradients) {
    var into = new Gradients(gradients);
    long rows = tape.shape.batch() * tape.shape.tokens();
    boolean input =
        indices.length == 0 || !tape.layers.isEmpty() && tape.layers.getFirst().stop == INPUT;
    try (var frozen = new NoGradGuard()) {
      Tensor current = flat(gradient, rows);
      while (!tape.layers.isEmpty() && current != null) {
        Layer layer = tape.layers.removeLast();
        try (var above = current;
            var scope = new PointerScope()) {
          Tensor next = layer.backward(above, tape.shape, into);
          current = next == null ? null : Tensors.own(next);
        }
        layer.close();
      }
      tape.close();
      if (current == null) {
        return null;
      }
      try (var last = current) {
        return input
            ? Tensors.own(last.view(tape.shape.batch(), tape.shape.tokens(), config.width()))
            : null;
      }
    }
  }

  private Tensor flat(Tensor gradient, long rows) {
    try (var scope = new PointerScope()) {
      return Tensors.own(new Tensor(gradient.reshape(rows, config.width())));
    }
  }

  /** One layer in one step. */
  private final class Layer {
    private final int index;
    private final Linear qkv;
    private final Linear output;
    private final Linear inner;
    private final Linear outer;
    private final List<Tensor> kept = new ArrayList<>();
    private int stop;
    private @Nullable Tensor x;
    private Attention.@Nullable State state;
    private @Nullable Tensor context;
    private @Nullable Moments one;
    private @Nullable Moments two;
    private @Nullable Tensor mixed;
    private @Nullable Tensor before;

    Layer(int index) {
      this.index = index;
      var w = weights.layer(index);
      qkv = linear(QKV, w::qkv, w::packedQkv, w::qkvBias);
      output = linear(List.of("attention.output.dense"), w::output, w::packedOutput, w::outputBias);
      inner = linear(List.of("intermediate.dense"), w::inner, w::packedInner, w::innerBias);
      outer = linear(List.of("output.dense"), w::outer, w::packedOuter, w::outerBias);
    }

    private Linear linear(
        List<String> modules,
        Supplier<Tensor> weight,
        Supplier<Tensor> packed,
        Supplier<Tensor> bias) {
      return new Linear(weights, hooks, products, index, modules, weight, packed, bias);
    }

    private boolean trained(String norm) {
      String at = BertConfig.layer(index) + norm;
      return hooks.steps(at + ".weight") || hooks.steps(at + ".bias");
    }

    int lowest() {
      return qkv.trains()
          ? AT_QKV
          : output.trains()
              ? AT_OUTPUT
              : trained(NORM1)
                  ? AT_NORM1
                  : inner.trains()
                      ? AT_INNER
                      : outer.trains() ? AT_OUTER : trained(NORM2) ? AT_NORM2 : NOWHERE;
    }

    private Tensor keep(Tensor tensor) {
      Tensor handle = Tensors.own(new Tensor(tensor));
      kept.add(handle);
      return handle;
    }

    void close() {
      kept.forEach(Tensor::close);
      kept.clear();
    }

    Tensor forward(Tensor rows, Attention.Shape shape) {
      Attention.Result attended = attention.forward(qkv.forward(rows), shape);
      Tensor flat = attended.context();
      if (stop <= AT_QKV) {
        x = qkv.needsInput() ? keep(rows) : null;
        qkv.keep(this::keep, stop == INPUT);
        state = attended.state().kept(this::keep);
      }
      Normed first = norm(output.forwardPlus(flat, rows), NORM1);
      if (stop <= AT_OUTPUT) {
        context = output.needsInput() ? keep(flat) : null;
        output.keep(this::keep, stop < AT_OUTPUT);
      }
      one = stop <= AT_NORM1 ? first.saved.kept(this::keep) : null;
      Tensor inside = inner.forward(first.out);
      if (stop <= AT_INNER) {
        mixed = inner.needsInput() ? keep(first.out) : null;
        inner.keep(this::keep, stop < AT_INNER);
      }
      if (stop <= AT_OUTER) {
        before = stop < AT_OUTER || outer.needsInput() ? keep(inside) : null;
      }
      Normed second = norm(outer.forwardPlus(gelu(inside), first.out), NORM2);
      if (stop <= AT_OUTER) {
        outer.keep(this::keep, stop < AT_OUTER);
      }
      two = stop <= AT_NORM2 ? second.saved.kept(this::keep) : null;
      return second.out;
    }

    /** In place where nothing needs the input of the function. */
    private Tensor gelu(Tensor inside) {
      return before == null ? torch.gelu_(inside) : torch.gelu(inside);
    }

    /** The gradient of the input, or null where nothing below needs it. */
    @Nullable Tensor backward(Tensor gradient, Attention.Shape shape, Gradients gradients) {
      Tensor middle = feedForwardBackward(gradient, gradients);
      Tensor normed =
          middle == null
              ? null
              : normBackward(middle, Objects.requireNonNull(one), NORM1, AT_NORM1, gradients);
      if (normed == null) {
        return null;
      }
      output.parameters(normed, context, gradients);
      if (stop >= AT_OUTPUT) {
        return null;
      }
      Tensor attended = output.input(normed, null);
      Tensor joined = attention.backward(Objects.requireNonNull(state), attended, shape);
      qkv.parameters(joined, x, gradients);
      return stop < AT_QKV ? qkv.input(joined, normed) : null;
    }

    private @Nullable Tensor feedForwardBackward(Tensor gradient, Gradients gradients) {
      Tensor sum = normBackward(gradient, Objects.requireNonNull(two), NORM2, AT_NORM2, gradients);
      if (sum == null) {
        return null;
      }
      // The function is computed again rather than kept: 0.7 ms against 6 MB (1024 rows, fp32).
      outer.parameters(
          sum, outer.needsInput() ? torch.gelu(Objects.requireNonNull(before)) : null, gradients);
      if (stop >= AT_OUTER) {
        return null;
      }
      Tensor wide = outer.input(sum, null);
      torch.gelu_backward_outf(wide, Objects.requireNonNull(before), "none", wide);
      inner.parameters(wide, mixed, gradients);
      return stop < AT_INNER ? inner.input(wide, sum) : null;
    }

    private Tensor parameter(String name) {
      String full = BertConfig.layer(index) + name;
      Tensor variable = hooks.trained(full);
      return BertLayers.cast(variable == null ? weights.get(full) : variable, weights.type());
    }

    private Normed norm(Tensor sum, String name) {
      T_TensorTensorTensor_T all =
          torch.native_layer_norm(
              sum,
              new long[] {config.width()},
              new TensorOptional(parameter(name + ".weight")),
              new TensorOptional(parameter(name + ".bias")),
              config.eps());
      // A tuple lends its tensors: copies of the handles survive it.
      return new Normed(
          new Moments(sum, new Tensor(all.get1()), new Tensor(all.get2())), new Tensor(all.get0()));
    }

    private @Nullable Tensor normBackward(
        Tensor gradient, Moments normed, String name, int stage, Gradients gradients) {
      boolean input = stop < stage;
      String at = BertConfig.layer(index) + name;
      boolean weight = hooks.steps(at + ".weight");
      boolean bias = hooks.steps(at + ".bias");
      var wanted = new BoolPointer(3);
      wanted.put(0, input).put(1, weight).put(2, bias);
      var all =
          torch.native_layer_norm_backward(
              gradient,
              normed.in,
              new long[] {config.width()},
              normed.mean,
              normed.reciprocal,
              new TensorOptional(parameter(name + ".weight")),
              new TensorOptional(parameter(name + ".bias")),
              wanted);
      if (weight) {
        gradients.add(at + ".weight", new Tensor(all.get1()));
      }
      if (bias) {
        gradients.add(at + ".bias", new Tensor(all.get2()));
      }
      return input ? new Tensor(all.get0()) : null;
    }
  }

  /** A norm's input and what was computed of it. */
  private record Moments(Tensor in, Tensor mean, Tensor reciprocal) {
    Moments kept(UnaryOperator<Tensor> keep) {
      return new Moments(keep.apply(in), keep.apply(mean), keep.apply(reciprocal));
    }
  }

  private record Normed(Moments saved, Tensor out) {}
}
