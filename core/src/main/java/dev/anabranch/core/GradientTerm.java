package dev.anabranch.core;

/** What is added to the gradient of the loss before a step. */
public sealed interface GradientTerm {
  /**
   * {@code mu · (w − anchor)}: the gradient of {@code (mu / 2) · ‖w − anchor‖²}.
   *
   * @param mu at least 0
   */
  record Proximal(double mu, TensorMap anchor) implements GradientTerm {}
}
