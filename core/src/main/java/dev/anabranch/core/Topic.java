package dev.anabranch.core;

/**
 * A kind of message.
 *
 * @param name its name in the ledger and in a plan's {@code codecs}
 * @param codec used unless the plan names another for the values
 */
public record Topic<T>(String name, Codec<T> codec) {
  /** This topic with its tensors written by another codec. */
  public Topic<T> over(Codec<Tensor> values) {
    return new Topic<>(name, codec.over(values));
  }
}
