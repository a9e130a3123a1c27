package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import org.jspecify.annotations.Nullable;

/**
 * {@link Embedding} without values. Used on a lane.
 *
 * @param prompts soft prompt positions before the text
 */
record DryEmbedding(
    int prompts, @Nullable Placing placing, DryVariables variables, Footprint footprint) {
  private static boolean own(String name) {
    return name.startsWith("embeddings.") || name.equals("prompt");
  }

  boolean trained() {
    return variables.any(DryEmbedding::own);
  }

  long positions(Batch batch) {
    return (long) prompts + Sequence.tokens(batch.inputs()).width();
  }

  int[] lengths(Batch batch) {
    return Sequence.lengths(Sequence.tokens(batch.inputs()), prompts);
  }

  /** Bytes of the output; with the norm's input where it is trained through. */
  long record(Batch batch) {
    long one = footprint.hidden(batch.size(), positions(batch), Float.BYTES);
    boolean norm =
        placing == Placing.WORDS || variables.any(name -> name.startsWith("embeddings."));
    return norm ? 2 * one : one;
  }

  void backward() {
    variables.gradient(DryEmbedding::own);
  }
}
