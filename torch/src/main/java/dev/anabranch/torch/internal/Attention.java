package dev.anabranch.torch.internal;

import java.util.Objects;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention over a fused product of query, key and value, and its backward pass.
 *
 * <p>fp32, and sequences above {@value #LONGEST} tokens: libtorch's flash kernel in fp32, which
 * keeps no probabilities. bf16 up to that length: four batched products in bf16 around a softmax
 * that computes in fp32; twice as fast. Holds no state; thread-safe.
 */
final class Attention {
  /** Above this many tokens the probabilities would cost more memory than they save time. */
  static final int LONGEST = 128;

  private static final Boxed FLASH = new Boxed("aten::_scaled_dot_product_flash_attention_for_cpu");
  private static final Boxed FLASH_BACKWARD =
      new Boxed("aten::_scaled_dot_product_flash_attention_for_cpu_backward");
  private static final Boxed SOFTMAX_BACKWARD = new Boxed("aten::_softmax_backward_data");

  private final BertConfig config;
  private final ScalarType type;
  private final Products products;

  Attention(BertConfig config, ScalarType type, Products products) {
    this.config = config;
    this.type = type;
    this.products = products;
  }

  /**
   * What the backward pass needs.
   *
   * @param parts by products: [3, b · heads, t, d / heads]; flash: fp32 [b · t, 3d]
   * @param probabilities by products: [b · heads, t, t]; flash: the result in fp32
   * @param logSumExp flash only, else null
   */
  record State(Tensor parts, Tensor probabilities, @Nullable Tensor logSumExp) {
    State kept(UnaryOperator<Tensor> keep) {
      return new State(
          keep.apply(parts),
          keep.apply(probabilities),
          logSumExp == null ? null : keep.apply(logSumExp));
    }
  }

  /**
   * What the forward pass gives.
   *
   * @param context [b · t, d]
   */
  record Result(State state, Tensor context) {}

  /** b and t of the call, and its mask or null. */
  record Shape(long batch, long tokens, @Nullable Tensor mask) {}

  private boolean byProducts(Shape shape) {
    return type == ScalarType.BFloat16 && shape.tokens <= LONGEST;
  }

  /**
   * @param qkv [b · t, 3d]
   */
  Result forward(Tensor qkv, Shape shape) {
    return byProducts(shape) ? productsForward(qkv, shape) : flashForward(qkv, shape);
  }

  /**
   * @param context gradient of the result, [b · t, d]
   * @return gradient of the fused product, [b · t, 3d]
   */
  Tensor backward(State state, Tensor context, Shape shape) {
    return byProducts(shape)
        ? productsBackward(state, context, shape)
        : flashBackward(state, context, shape);
  }

  private double scale() {
    return 1 / Math.sqrt(config.headWidth());
  }

  private void count(Shape shape, int times) {
    products.count(times * shape.batch * shape.tokens * shape.tokens * config.width());
  }

  private Result productsForward(Tensor qkv, Shape shape) {
    long b = shape.batch;
    long t = shape.tokens;
    int h = config.heads();
    int w = config.headWidth();
    Tensor parts = qkv.view(b, t, 3, h, w).permute(2, 0, 3, 1, 4).contiguous().view(3, b * h, t, w);
    Tensor scores = product(parts.select(0, 0), parts.select(0, 1).transpose(1, 2), scale());
    if (shape.mask != null) {
      scores.view(b, h, t, t).add_(shape.mask);
    }
    Tensor probabilities = torch.softmax(scores, -1);
    Tensor context = torch.bmm(probabilities, parts.select(0, 2));
    count(shape, 2);
    Tensor flat = context.view(b, h, t, w).transpose(1, 2).reshape(b * t, config.width());
    return new Result(new State(parts, probabilities, null), flat);
  }

  private Tensor productsBackward(State state, Tensor context, Shape shape) {
    long b = shape.batch;
    long t = shape.tokens;
    int h = config.heads();
    int w = config.headWidth();
    Tensor q = state.parts.select(0, 0);
    Tensor k = state.parts.select(0, 1);
    Tensor v = state.parts.select(0, 2);
    Tensor p = state.probabilities;
    Tensor out = context.view(b, t, h, w).transpose(1, 2).reshape(b * h, t, w);
    Tensor all = torch.empty_like(state.parts);
    productInto(all.select(0, 2), p.transpose(1, 2), out, 1);
    Tensor dp = torch.bmm(out, v.transpose(1, 2));
    Tensor ds =
        SOFTMAX_BACKWARD.call(new IValue(dp), new IValue(p), new IValue(-1L), new IValue(type))[0];
    productInto(all.select(0, 0), ds, k, scale());
    productInto(all.select(0, 1), ds.transpose(1, 2), q, scale());
    count(shape, 4);
    return all.view(3, b, h, t, w).permute(1, 3, 0, 2, 4).reshape(b * t, 3L * config.width());
  }

  /** alpha · a b, the factor applied before the result is rounded. */
  private Tensor product(Tensor a, Tensor b, double alpha) {
    Tensor into =
        torch.empty(
            new long[] {a.size(0), a.size(1), b.size(2)}, a.options(), new MemoryFormatOptional());
    return productInto(into, a, b, alpha);
  }

  private static Tensor productInto(Tensor into, Tensor a, Tensor b, double alpha) {
    return torch.baddbmm_outf(into, a, b, new Scalar(0), new Scalar(alpha), into);
  }

  private Result flashForward(Tensor qkv, Shape shape) {
    Tensor wide = BertLayers.cast(qkv, ScalarType.Float);
    Tensor[] out =
        FLASH.call(
            new IValue(head(wide, 0, shape)),
            new IValue(head(wide, 1, shape)),
            new IValue(head(wide, 2, shape)),
            new IValue(0.0),
            new IValue(false),
            optional(shape.mask),
            new IValue());
    count(shape, 2);
    Tensor flat = out[0].transpose(1, 2).reshape(shape.batch * shape.tokens, config.width());
    return new Result(new State(wide, out[0], out[1]), BertLayers.cast(flat, type));
  }

  private Tensor flashBackward(State state, Tensor context, Shape shape) {
    Tensor out =
        BertLayers.cast(context, ScalarType.Float)
            .view(shape.batch, shape.tokens, config.heads(), config.headWidth())
            .transpose(1, 2);
    Tensor[] parts =
        FLASH_BACKWARD.call(
            new IValue(out),
            new IValue(head(state.parts, 0, shape)),
            new IValue(head(state.parts, 1, shape)),
            new IValue(head(state.parts, 2, shape)),
            new IValue(state.probabilities),
            new IValue(Objects.requireNonNull(state.logSumExp)),
            new IValue(0.0),
            new IValue(false),
            optional(shape.mask),
            new IValue());
    count(shape, 5); // the kernel computes the probabilities again
    long rows = shape.batch * shape.tokens;
    Tensor all =
        torch.empty(
            new long[] {rows, 3L * config.width()}, context.options(), new MemoryFormatOptional());
    for (int part = 0; part < 3; part++) {
      head(all, part, shape).copy_(parts[part]);
    }
    return all;
  }

  /** Part 0, 1 or 2 of [b · t, 3d] as [b, heads, t, d / heads], without a copy. */
  private Tensor head(Tensor qkv, int part, Shape shape) {
    return qkv.view(shape.batch, shape.tokens, 3, config.heads(), config.headWidth())
        .select(2, part)
        .transpose(1, 2);
  }

  private static IValue optional(@Nullable Tensor tensor) {
    return tensor == null ? new IValue() : new IValue(tensor);
  }
}
