package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** How the token vectors of an example become one vector. */
public enum Pooling {
  /** The mean of the real tokens, soft prompts included. */
  MEAN {
    @Override
    public Tensor apply(Tensor hidden, Tensor tokens, long prompts) {
      Tensor plain = BertLayers.cast(hidden, ScalarType.Float);
      if (tokens == null) {
        return plain.mean(1);
      }
      Tensor ones = BertLayers.cast(tokens, ScalarType.Float);
      Tensor weight =
          torch.constant_pad_nd(ones, new long[] {prompts, 0}, new Scalar(1)).unsqueeze(2);
      return plain.mul(weight).sum(1).div(weight.sum(1));
    }
  },
  /** The first token of the text. */
  CLS {
    @Override
    public Tensor apply(Tensor hidden, Tensor tokens, long prompts) {
      return BertLayers.cast(hidden.select(1, prompts), ScalarType.Float);
    }
  },
  /** The mean of the soft prompts. */
  PROMPTS {
    @Override
    public Tensor apply(Tensor hidden, Tensor tokens, long prompts) {
      if (prompts < 1) {
        throw new IllegalArgumentException("prompts: " + prompts + " (expected: at least 1)");
      }
      return BertLayers.cast(hidden.narrow(1, 0, prompts), ScalarType.Float).mean(1);
    }
  };

  /**
   * Pools in fp32.
   *
   * @param hidden [b, p + t, d]
   * @param tokens [b, t] of ones and zeros, or null if nothing is padding
   * @param prompts p, the soft prompts in front
   * @return [b, d]
   */
  public abstract Tensor apply(Tensor hidden, Tensor tokens, long prompts);
}
