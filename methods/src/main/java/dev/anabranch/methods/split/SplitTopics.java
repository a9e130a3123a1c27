package dev.anabranch.methods.split;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Topic;

/**
 * The four crossings of a U-shaped split, of one mini-batch each, [b, t, d].
 *
 * @param activation device to body: the head's output
 * @param bodyOutput body to device
 * @param outputGradient device to body: of the loss with respect to the body's output
 * @param inputGradient body to device: of the loss with respect to the head's output
 */
record SplitTopics(
    Topic<Hidden> activation,
    Topic<Hidden> bodyOutput,
    Topic<Hidden> outputGradient,
    Topic<Hidden> inputGradient) {
  /** The same form of message on all four. */
  static SplitTopics all(Codec<Hidden> form) {
    return of(form, form, form);
  }

  static SplitTopics of(
      Codec<Hidden> activation, Codec<Hidden> output, Codec<Hidden> inputGradient) {
    return new SplitTopics(
        new Topic<>("activation", activation),
        new Topic<>("body-output", output),
        new Topic<>("output-gradient", output),
        new Topic<>("activation-gradient", inputGradient));
  }
}
