package dev.anabranch.core;

/**
 * How a model does on a shard.
 *
 * @param accuracy share of examples classified right; of next tokens, for a language model
 * @param loss mean cross-entropy, in nats
 * @param examples that were scored; tokens, for a language model
 */
public record Metrics(double accuracy, double loss, int examples) {
  /** e to the loss: of a language model, how many next tokens it hesitates between. */
  public double perplexity() {
    return Math.exp(loss);
  }

  /** One standard error of the accuracy, as a share. */
  public double standardError() {
    return examples == 0 ? 0 : Math.sqrt(accuracy * (1 - accuracy) / examples);
  }
}
