package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** What is real and what is padding in a batch of sequences. */
final class Sequence {
  private Sequence() {}

  /** The token inputs of a batch. */
  static Inputs.Tokens tokens(Inputs inputs) {
    if (inputs instanceof Inputs.Tokens tokens) {
      return tokens;
    }
    throw new IllegalArgumentException(
        "inputs: " + inputs.getClass().getSimpleName() + " (expected: Tokens)");
  }

  /** The token inputs of a batch, all of them within a vocabulary. */
  static Inputs.Tokens tokens(Inputs inputs, int vocabulary) {
    var tokens = tokens(inputs);
    for (int id : tokens.ids()) {
      if (id < 0 || id >= vocabulary) {
        throw new IllegalArgumentException(
            "token id: " + id + " (expected: 0 to " + (vocabulary - 1) + ")");
      }
    }
    return tokens;
  }

  /** Lengths with p prompts before each text. */
  static int[] lengths(Inputs.Tokens tokens, int prompts) {
    int[] out = tokens.lengths().clone();
    for (int i = 0; i < out.length; i++) {
      out[i] += prompts;
    }
    return out;
  }

  /**
   * What attention adds to its scores, [b, 1, 1, t]: 0, and minus infinity for padding. The caller
   * owns it. Null if nothing is padding.
   */
  static @Nullable Tensor mask(int[] lengths, int t) {
    boolean full = true;
    for (int length : lengths) {
      if (length < 1 || length > t) {
        throw new IllegalArgumentException("length: " + length + " (expected: 1 to " + t + ")");
      }
      full &= length == t;
    }
    if (full) {
      return null;
    }
    float[] values = new float[lengths.length * t];
    for (int i = 0; i < lengths.length; i++) {
      java.util.Arrays.fill(values, i * t + lengths[i], (i + 1) * t, Float.NEGATIVE_INFINITY);
    }
    try (var scope = new org.bytedeco.javacpp.PointerScope()) {
      return Tensors.own(Tensors.floats(values, lengths.length, 1, 1, t));
    }
  }

  /** What each position counts in the mean over the real ones, [b, t, 1]. */
  static Tensor shares(int[] lengths, int t) {
    float[] weights = new float[lengths.length * t];
    for (int i = 0; i < lengths.length; i++) {
      java.util.Arrays.fill(weights, i * t, i * t + lengths[i], 1f / lengths[i]);
    }
    return Tensors.floats(weights, lengths.length, t, 1);
  }
}
