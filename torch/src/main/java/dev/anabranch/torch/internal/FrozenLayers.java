package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.javacpp.BoolPointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.T_TensorTensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * A range of frozen layers with a backward pass written by hand.
 *
 * <p>Only the gradient with respect to the input exists, so each linear map keeps nothing but its
 * weight, residual sums are folded into the products, and every buffer is freed as soon as the
 * backward pass has used it. Gives what autograd over {@link BertLayers} gives, to rounding.
 */
public final class FrozenLayers {
  private final BertWeights weights;
  private final BertConfig config;
  private final Boxed attention = new Boxed("aten::_scaled_dot_product_flash_attention_for_cpu");
  private final Boxed attentionBackward =
      new Boxed("aten::_scaled_dot_product_flash_attention_for_cpu_backward");

  public FrozenLayers(BertWeights weights) {
    this.weights = weights;
    this.config = weights.config();
  }

  /** What a forward pass leaves for the backward pass; closing it twice is allowed. */
  public static final class Trace implements AutoCloseable {
    private final List<Saved> layers = new ArrayList<>();
    private final long batch;
    private final long tokens;
    private final @Nullable Tensor mask;

    private Trace(Tensor hidden, @Nullable Tensor mask) {
      this.batch = hidden.size(0);
      this.tokens = hidden.size(1);
      this.mask = mask;
    }

    @Override
    public void close() {
      layers.forEach(Saved::close);
      layers.clear();
    }
  }

  private record Saved(
      int index,
      Tensor qkv,
      Tensor context,
      Tensor logSumExp,
      Normed norm1,
      Tensor inner,
      Normed norm2) {
    void close() {
      qkv.close();
      context.close();
      logSumExp.close();
      norm1.close();
      inner.close();
      norm2.close();
    }
  }

  private record Normed(Tensor in, Tensor out, Tensor mean, Tensor reciprocal) {
    void own() {
      Tensors.own(in);
      Tensors.own(mean);
      Tensors.own(reciprocal);
    }

    void close() {
      in.close();
      mean.close();
      reciprocal.close();
    }
  }

  /** A trace for {@link #forward} and {@link #backward}. */
  public Trace trace(Tensor hidden, @Nullable Tensor mask) {
    return new Trace(hidden, mask);
  }

  /**
   * Layers {@code from} up to, not including, {@code until}.
   *
   * @param hidden [b, t, d] in the type of the layers
   * @return [b, t, d]; the caller owns it
   */
  public Tensor forward(Tensor hidden, Trace trace, int from, int until) {
    Tensor current = hidden;
    try (var frozen = new NoGradGuard()) {
      for (int i = from; i < until; i++) {
        Tensor next;
        try (var scope = new PointerScope()) {
          next = Tensors.own(layer(i, current, trace));
        }
        if (i > from) {
          current.close();
        }
        current = next;
      }
    }
    return current;
  }

  private Tensor layer(int i, Tensor hidden, Trace trace) {
    var w = weights.layer(i);
    long rows = trace.batch * trace.tokens;
    Tensor x = hidden.view(rows, config.width());
    Tensor qkv = BertLayers.cast(torch.addmm(w.qkvBias(), x, w.qkv().t()), ScalarType.Float);
    Tensor[] attended =
        attention.call(
            new IValue(head(qkv, 0, trace)),
            new IValue(head(qkv, 1, trace)),
            new IValue(head(qkv, 2, trace)),
            new IValue(0.0),
            new IValue(false),
            optional(trace.mask),
            new IValue());
    Tensor context = attended[0];
    Tensor flat =
        BertLayers.cast(context.transpose(1, 2).reshape(rows, config.width()), weights.type());
    Normed one =
        norm(torch.addmm(w.outputBias(), flat, w.output().t()).add_(x), w.norm1(), w.norm1Bias());
    Tensor inner = torch.addmm(w.innerBias(), one.out, w.inner().t());
    Normed two =
        norm(
            torch.addmm(w.outerBias(), torch.gelu(inner), w.outer().t()).add_(one.out),
            w.norm2(),
            w.norm2Bias());
    one.own();
    two.own();
    trace.layers.add(
        new Saved(
            i,
            Tensors.own(qkv),
            Tensors.own(context),
            Tensors.own(attended[1]),
            one,
            Tensors.own(inner),
            two));
    return two.out.view(trace.batch, trace.tokens, config.width());
  }

  /**
   * The gradient with respect to the input of {@link #forward}; empties the trace.
   *
   * @param gradient [b, t, d] with respect to the output
   * @return [b, t, d]; the caller owns it
   */
  public Tensor backward(Trace trace, Tensor gradient) {
    try (var frozen = new NoGradGuard()) {
      Tensor current = gradient.reshape(trace.batch * trace.tokens, config.width());
      for (int k = trace.layers.size() - 1; k >= 0; k--) {
        Saved saved = trace.layers.remove(k);
        Tensor next;
        try (var scope = new PointerScope()) {
          next = Tensors.own(layerBackward(saved, trace, current));
        }
        saved.close();
        current.close();
        current = next;
      }
      Tensor shaped;
      try (var scope = new PointerScope()) {
        shaped = Tensors.own(current.view(trace.batch, trace.tokens, config.width()));
      }
      current.close();
      return shaped;
    }
  }

  private Tensor layerBackward(Saved saved, Trace trace, Tensor gradient) {
    var w = weights.layer(saved.index);
    long rows = trace.batch * trace.tokens;
    Tensor sum2 = normBackward(gradient, saved.norm2, w.norm2(), w.norm2Bias());
    Tensor inner = torch.gelu_backward(torch.mm(sum2, w.outer()), saved.inner);
    Tensor mixed = sum2.addmm_(inner, w.inner());
    Tensor sum1 = normBackward(mixed, saved.norm1, w.norm1(), w.norm1Bias());
    Tensor context =
        BertLayers.cast(torch.mm(sum1, w.output()), ScalarType.Float)
            .view(trace.batch, trace.tokens, config.heads(), config.headWidth())
            .transpose(1, 2);
    Tensor[] parts =
        attentionBackward.call(
            new IValue(context),
            new IValue(head(saved.qkv, 0, trace)),
            new IValue(head(saved.qkv, 1, trace)),
            new IValue(head(saved.qkv, 2, trace)),
            new IValue(saved.context),
            new IValue(saved.logSumExp),
            new IValue(0.0),
            new IValue(false),
            optional(trace.mask),
            new IValue());
    Tensor joined =
        torch.cat(
            new TensorVector(flat(parts[0], rows), flat(parts[1], rows), flat(parts[2], rows)), 1);
    return sum1.addmm_(BertLayers.cast(joined, weights.type()), w.qkv());
  }

  private Tensor flat(Tensor part, long rows) {
    return part.transpose(1, 2).reshape(rows, config.width());
  }

  /** Part 0, 1 or 2 of [b · t, 3d] as [b, heads, t, d / heads], without a copy. */
  private Tensor head(Tensor qkv, int part, Trace trace) {
    return qkv.view(trace.batch, trace.tokens, 3, config.heads(), config.headWidth())
        .select(2, part)
        .transpose(1, 2);
  }

  private static IValue optional(@Nullable Tensor tensor) {
    return tensor == null ? new IValue() : new IValue(tensor);
  }

  private Normed norm(Tensor x, Tensor weight, Tensor bias) {
    T_TensorTensorTensor_T all =
        torch.native_layer_norm(
            x,
            new long[] {config.width()},
            new TensorOptional(weight),
            new TensorOptional(bias),
            config.eps());
    // A tuple lends its tensors: copies of the handles survive it.
    return new Normed(x, new Tensor(all.get0()), new Tensor(all.get1()), new Tensor(all.get2()));
  }

  private Tensor normBackward(Tensor gradient, Normed saved, Tensor weight, Tensor bias) {
    var onlyInput = new BoolPointer(3);
    onlyInput.put(0, true).put(1, false).put(2, false);
    return new Tensor(
        torch
            .native_layer_norm_backward(
                gradient,
                saved.in,
                new long[] {config.width()},
                saved.mean,
                saved.reciprocal,
                new TensorOptional(weight),
                new TensorOptional(bias),
                onlyInput)
            .get0());
  }
}
