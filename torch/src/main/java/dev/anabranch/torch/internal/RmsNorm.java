package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongArrayRefOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Root mean square layer normalisation (arXiv 1910.07467). */
final class RmsNorm {
  private RmsNorm() {}

  /**
   * x / √(mean(x²) + eps) · weight over the last axis, the mean in fp32.
   *
   * @param x [..., d]
   * @param weight [d] in the type of x
   */
  static Tensor of(Tensor x, Tensor weight, double eps) {
    if (x.numel() == x.size(-1) && !x.requires_grad() && !weight.requires_grad()) {
      return row(x, weight, eps);
    }
    return Tensors.is(x, ScalarType.BFloat16)
        ? mirrored(x, weight, eps)
        : torch.rms_norm(
            x, new long[] {weight.size(0)}, new TensorOptional(weight), new DoubleOptional(eps));
  }

  /** Of a single row, as in decoding: libtorch takes eight operations for it. */
  private static Tensor row(Tensor x, Tensor weight, double eps) {
    var fp32 = new ScalarTypeOptional(ScalarType.Float);
    double norm =
        torch
            .linalg_vector_norm(x, new Scalar(2.0), new LongArrayRefOptional(), false, fp32)
            .item_double();
    double factor = 1 / Math.sqrt(norm * norm / weight.size(0) + eps);
    return x.mul(new Scalar(factor)).mul_(weight);
  }

  /**
   * By libtorch's layer norm, one operation and one backward, of x beside −x: its mean is 0 and its
   * variance the mean square of x. In bf16 this keeps no more than {@code rms_norm}, which widens.
   */
  private static Tensor mirrored(Tensor x, Tensor weight, double eps) {
    long d = weight.size(0);
    Tensor both = torch.cat(new TensorVector(x, x.neg()), -1);
    var none = new TensorOptional();
    Tensor normed = torch.layer_norm(both, new long[] {2 * d}, none, none, eps, true);
    return normed.narrow(-1, 0, d).mul(weight);
  }
}
