package dev.anabranch.core;

/**
 * How a model does on a shard.
 *
 * @param accuracy share of examples classified right
 * @param loss mean cross-entropy, in nats
 */
public record Metrics(double accuracy, double loss, int examples) {
  /** One standard error of the accuracy, as a share. */
  public double standardError() {
    return examples == 0 ? 0 : Math.sqrt(accuracy * (1 - accuracy) / examples);
  }
}
