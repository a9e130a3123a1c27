package dev.anabranch.methods.split;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Topic;
import dev.anabranch.parts.PackedHidden;
import dev.anabranch.parts.RowSlices;

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

  /**
   * The lossless saving: padding never crosses; of the body's answer only what is pooled, if no
   * layer follows; of the gradient that comes back only the prompts' rows, if no layer precedes the
   * cut.
   */
  static SplitTopics sliced(int headLayers, int tailLayers, Pooling pooling, int prompts) {
    var valid = RowSlices.valid();
    var output = tailLayers > 0 ? valid : RowSlices.pooled(pooling, prompts);
    var back = headLayers > 0 ? valid : RowSlices.prompts(prompts);
    return of(new PackedHidden(valid), new PackedHidden(output), new PackedHidden(back));
  }

  private static SplitTopics of(
      Codec<Hidden> activation, Codec<Hidden> output, Codec<Hidden> inputGradient) {
    return new SplitTopics(
        new Topic<>("activation", activation),
        new Topic<>("body-output", output),
        new Topic<>("output-gradient", output),
        new Topic<>("activation-gradient", inputGradient));
  }
}
