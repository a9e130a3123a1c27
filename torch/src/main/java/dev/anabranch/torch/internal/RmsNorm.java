package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

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
    return torch.rms_norm(
        x, new long[] {weight.size(0)}, new TensorOptional(weight), new DoubleOptional(eps));
  }
}
