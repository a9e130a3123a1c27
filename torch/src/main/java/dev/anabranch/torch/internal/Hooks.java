package dev.anabranch.torch.internal;

import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * What sits on the frozen model in one call: trained replacements of parameters, and small modules
 * beside it. Each method answers null where there is nothing, so that a layer without any takes the
 * short way.
 */
public interface Hooks {
  /** Nothing is trained. */
  Hooks NONE = new Hooks() {};

  /**
   * The trained variable that replaces the parameter of this name (Hugging Face name without {@code
   * bert.}).
   */
  default @Nullable Tensor trained(String name) {
    return null;
  }

  /** Whether this variable, which replaces a parameter, has a gradient; false: it only replaces. */
  default boolean steps(String name) {
    return trained(name) != null;
  }

  /** A low-rank update beside a linear map; {@code module} as in {@code attention.self.query}. */
  default @Nullable Lora lora(int layer, String module) {
    return null;
  }

  /** A bottleneck adapter after the feed-forward part of a layer. */
  default @Nullable Adapter adapter(int layer) {
    return null;
  }

  /** Keys and values that every token of a layer may attend to. */
  default @Nullable Prefix prefix(int layer) {
    return null;
  }

  /**
   * Whether this layer has anything trained; false lets frozen weights be used fused and shared.
   */
  default boolean touches(int layer) {
    return false;
  }

  /**
   * y += scale · (x Aᵀ) Bᵀ.
   *
   * @param a [r, in]
   * @param b [out, r]
   * @param scale alpha / r, or alpha / sqrt(r) when rank-stabilised
   */
  record Lora(Tensor a, Tensor b, double scale) {}

  /**
   * h += up(gelu(down(h))).
   *
   * @param down [r, d]
   * @param downBias [r]
   * @param up [d, r]
   * @param upBias [d]
   */
  record Adapter(Tensor down, Tensor downBias, Tensor up, Tensor upBias) {}

  /**
   * PEFT's convention: one pair per layer, the same for every example.
   *
   * @param keys [heads, p, d / heads]
   * @param values [heads, p, d / heads]
   */
  record Prefix(Tensor keys, Tensor values) {}
}
