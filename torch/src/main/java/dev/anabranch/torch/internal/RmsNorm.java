package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
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
    Tensor wide = BertLayers.cast(x, ScalarType.Float);
    Tensor mean =
        wide.mul(wide).mean(new long[] {-1}, true, new org.bytedeco.pytorch.ScalarTypeOptional());
    Tensor normed = wide.mul(mean.add(new Scalar(eps)).rsqrt());
    return BertLayers.cast(normed, x.scalar_type().intern()).mul(weight);
  }
}
