package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The forward pass of BERT as functions over shared weights: embeddings, and any contiguous range
 * of layers.
 *
 * <p>Autograd differentiates it, so whatever a {@link Hooks} adds trains without code of its own.
 * Attention always runs in fp32 (bf16 attention is 15 times slower in this libtorch). Holds no
 * state of a call; any number of threads may use one object.
 */
public final class BertLayers {
  private final BertWeights weights;
  private final BertConfig config;

  public BertLayers(BertWeights weights) {
    this.weights = weights;
    this.config = weights.config();
  }

  /**
   * Puts the same p vectors in front of every example.
   *
   * @param prompt [p, d]
   * @param hidden [b, t, d]
   * @return [b, p + t, d]
   */
  public static Tensor prepend(Tensor prompt, Tensor hidden) {
    Tensor each =
        cast(prompt, hidden.scalar_type().intern())
            .unsqueeze(0)
            .expand(hidden.size(0), prompt.size(0), prompt.size(1));
    return torch.cat(new TensorVector(each, hidden), 1);
  }

  /**
   * Layers {@code from} up to, not including, {@code until}.
   *
   * @param hidden [b, t, d]
   * @param mask what attention adds to its scores, [b, 1, 1, t]; null when no token is padding
   * @return [b, t, d]
   */
  public Tensor forward(Tensor hidden, @Nullable Tensor mask, int from, int until, Hooks hooks) {
    for (int i = from; i < until; i++) {
      hidden = layer(i, hidden, mask, hooks);
    }
    return hidden;
  }

  private Tensor layer(int i, Tensor hidden, @Nullable Tensor mask, Hooks hooks) {
    var own = new Own(i, hooks);
    Tensor context = hooks.touches(i) ? attendTrained(hidden, mask, own) : attend(hidden, mask, i);
    Tensor mixed =
        norm(
            own.linear("attention.output.dense", context).add_(hidden),
            own.get("attention.output.LayerNorm.weight"),
            own.get("attention.output.LayerNorm.bias"));
    Tensor inner = torch.gelu(own.linear("intermediate.dense", mixed));
    Tensor outer = own.linear("output.dense", inner);
    Hooks.Adapter adapter = hooks.adapter(i);
    if (adapter != null) {
      outer = outer.add(bottleneck(adapter, outer));
    }
    return norm(
        outer.add_(mixed), own.get("output.LayerNorm.weight"), own.get("output.LayerNorm.bias"));
  }

  /** Frozen attention: query, key and value from one product. */
  private Tensor attend(Tensor hidden, @Nullable Tensor mask, int i) {
    var layer = weights.layer(i);
    TensorVector parts =
        torch.linear(hidden, layer.qkv(), new TensorOptional(layer.qkvBias())).chunk(3, -1);
    return attention(heads(parts.get(0)), heads(parts.get(1)), heads(parts.get(2)), mask);
  }

  private Tensor attendTrained(Tensor hidden, @Nullable Tensor mask, Own own) {
    Tensor q = heads(own.linear("attention.self.query", hidden));
    Tensor k = heads(own.linear("attention.self.key", hidden));
    Tensor v = heads(own.linear("attention.self.value", hidden));
    Hooks.Prefix prefix = own.hooks.prefix(own.index);
    if (prefix != null) {
      k = behind(prefix.keys(), k);
      v = behind(prefix.values(), v);
      mask = widened(mask, prefix.keys().size(1));
    }
    return attention(q, k, v, mask);
  }

  private static Tensor behind(Tensor prefix, Tensor part) {
    Tensor each =
        prefix.unsqueeze(0).expand(part.size(0), prefix.size(0), prefix.size(1), prefix.size(2));
    return torch.cat(new TensorVector(each, part), 2);
  }

  private static @Nullable Tensor widened(@Nullable Tensor mask, long extra) {
    return mask == null ? null : torch.constant_pad_nd(mask, new long[] {extra, 0}, new Scalar(0));
  }

  /** Splits into heads in fp32: [b, t, d] to [b, heads, t, d / heads]. */
  private Tensor heads(Tensor part) {
    return cast(part, ScalarType.Float)
        .view(part.size(0), part.size(1), config.heads(), config.headWidth())
        .transpose(1, 2);
  }

  private Tensor attention(Tensor q, Tensor k, Tensor v, @Nullable Tensor mask) {
    Tensor out =
        torch.scaled_dot_product_attention(
            q,
            k,
            v,
            mask == null ? new TensorOptional() : new TensorOptional(mask),
            0.0,
            false,
            new DoubleOptional(),
            false);
    Tensor joined = out.transpose(1, 2).reshape(q.size(0), q.size(2), config.width());
    return cast(joined, weights.type());
  }

  private Tensor bottleneck(Hooks.Adapter a, Tensor x) {
    Tensor down =
        torch.gelu(torch.linear(x, cast(a.down(), weights.type()), optional(a.downBias())));
    return torch.linear(down, cast(a.up(), weights.type()), optional(a.upBias()));
  }

  private TensorOptional optional(Tensor bias) {
    return new TensorOptional(cast(bias, weights.type()));
  }

  private Tensor norm(Tensor x, Tensor weight, Tensor bias) {
    ScalarType type = x.scalar_type().intern();
    return torch.layer_norm(
        x,
        new long[] {config.width()},
        new TensorOptional(cast(weight, type)),
        new TensorOptional(cast(bias, type)),
        config.eps(),
        true);
  }

  private Tensor parameter(Hooks hooks, String name) {
    Tensor trained = hooks.trained(name);
    return trained == null ? weights.get(name) : trained;
  }

  static Tensor cast(Tensor tensor, ScalarType type) {
    return Tensors.is(tensor, type) ? tensor : tensor.to(type);
  }

  /** The parameters of one layer in one call. */
  private final class Own {
    private final int index;
    private final String at;
    private final Hooks hooks;

    Own(int index, Hooks hooks) {
      this.index = index;
      this.at = BertConfig.layer(index);
      this.hooks = hooks;
    }

    Tensor get(String name) {
      return cast(parameter(hooks, at + name), weights.type());
    }

    Tensor linear(String module, Tensor x) {
      Tensor y =
          torch.linear(x, get(module + ".weight"), new TensorOptional(get(module + ".bias")));
      Hooks.Lora lora = hooks.lora(index, module);
      if (lora == null) {
        return y;
      }
      Tensor down = torch.linear(x, cast(lora.a(), weights.type()));
      Tensor up = torch.linear(down, cast(lora.b(), weights.type()));
      return y.add_(up, new Scalar(lora.scale()));
    }
  }
}
