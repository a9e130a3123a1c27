package dev.anabranch.torch.internal;

import java.util.function.LongConsumer;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * The matrix products of a layer, each by the fastest kernel of this libtorch, counted.
 *
 * <p>fp32 goes through oneDNN ({@code mkldnn::_linear_pointwise}): 4 to 9 % faster than OpenBLAS on
 * the shapes of a body, and a sum costs no pass of its own. bf16 goes through oneDNN anyway. Holds
 * no state but the counter; thread-safe if the counter is.
 */
final class Products {
  private final LongConsumer macs;

  /**
   * @param macs told the multiply-adds of every product, rows · inner · columns
   */
  Products(LongConsumer macs) {
    this.macs = macs;
  }

  private static boolean byOneDnn(Tensor x, Tensor w) {
    return w.is_mkldnn() || OneDnn.HERE && Tensors.is(x, ScalarType.Float);
  }

  void count(long multiplyAdds) {
    macs.accept(multiplyAdds);
  }

  /**
   * x wᵀ + bias.
   *
   * @param x [m, k]
   * @param w [n, k], any strides, or packed by {@link OneDnn}
   * @param bias [n] or null
   * @return [m, n]
   */
  Tensor linear(Tensor x, Tensor w, @Nullable Tensor bias) {
    count(x.size(0) * w.size(0) * w.size(1));
    if (byOneDnn(x, w)) {
      return OneDnn.linear(x, w, bias);
    }
    return bias == null ? torch.mm(x, w.t()) : torch.addmm(bias, x, w.t());
  }

  /**
   * x wᵀ + bias + other; {@code other} may be overwritten only if {@code owned}.
   *
   * @param other [m, n]
   * @return [m, n], possibly {@code other} itself if it is owned
   */
  Tensor linearPlus(Tensor x, Tensor w, @Nullable Tensor bias, Tensor other, boolean owned) {
    if (byOneDnn(x, w)) {
      count(x.size(0) * w.size(0) * w.size(1));
      return OneDnn.linearPlus(x, w, bias, other);
    }
    if (bias == null && owned) {
      count(x.size(0) * w.size(0) * w.size(1));
      return other.addmm_(x, w.t());
    }
    return linear(x, w, bias).add_(other);
  }

  /**
   * The gradient of a weight, dᵀ x.
   *
   * @param d [m, n]
   * @param x [m, k]
   * @return [n, k]; a transposed view where that is the faster product
   */
  Tensor weight(Tensor d, Tensor x) {
    long n = d.size(1);
    long k = x.size(1);
    if (OneDnn.HERE && Tensors.is(x, ScalarType.Float) && Math.min(n, k) >= 64) {
      // oneDNN wants its left operand dense: the narrower one is transposed.
      return n <= k ? linear(d.t(), x.t(), null) : linear(x.t(), d.t(), null).t();
    }
    count(d.size(0) * n * k);
    return torch.mm(d.t(), x);
  }

  /** mm(a, b) as it is, for the thin products of a low-rank update. */
  Tensor thin(Tensor a, Tensor b) {
    count(a.size(0) * a.size(1) * b.size(1));
    return torch.mm(a, b);
  }

  /** into += a b. */
  Tensor thinInto(Tensor into, Tensor a, Tensor b) {
    count(a.size(0) * a.size(1) * b.size(1));
    return into.addmm_(a, b);
  }
}
