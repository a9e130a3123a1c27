package dev.anabranch.methods.distillation;

import dev.anabranch.core.Knob;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Settings;
import dev.anabranch.parts.Distillation;
import java.util.List;

/**
 * How a coordinator distils: how much, with which loss, and how it is stepped.
 *
 * @param epochs passes over a round's texts; 0: none
 * @param every rounds between distillations
 * @param examples at most so many texts a round; 0: all
 * @param batch texts a step
 * @param loss of the student
 * @param optimizer its moments last for a round
 */
public record Distil(
    int epochs, int every, int examples, int batch, Distillation loss, OptimizerSpec optimizer) {
  private static final Knob.Int EPOCHS =
      new Knob.Int(
          "distilEpochs", 1, 0, 100_000, "passes over a round's public texts; 0: no distillation");
  private static final Knob.Int EVERY =
      new Knob.Int("distilEvery", 1, 1, 1_000_000, "rounds between distillations");
  private static final Knob.Int EXAMPLES =
      new Knob.Int(
          "distilExamples", 32, 0, Integer.MAX_VALUE, "at most so many public texts; 0: all");
  private static final Knob.Int BATCH =
      new Knob.Int("distilBatch", 8, 1, 65_536, "public texts a step");
  private static final Knob.Real RATE =
      new Knob.Real("distilLearningRate", 1e-4, 0, 100, "step size of adamw");
  private static final Knob.Real TEMPERATURE =
      new Knob.Real("temperature", 1, 1e-3, 1e3, "of both softmaxes; the loss is scaled by T²");
  private static final Knob.Choice DIVERGENCE =
      new Knob.Choice(
          "divergence",
          "forward",
          List.of("forward", "reverse"),
          "KL of the teacher to the student, or the other way round");
  private static final Knob.Real LABELS =
      new Knob.Real("labelWeight", 0, 0, 1, "share of the public texts' own cross-entropy");

  /** What a plan can set. */
  public static final List<Knob> KNOBS =
      List.of(EPOCHS, EVERY, EXAMPLES, BATCH, RATE, TEMPERATURE, DIVERGENCE, LABELS);

  /** From a plan. */
  public static Distil read(Settings s) {
    return new Distil(
        s.integer(EPOCHS),
        s.integer(EVERY),
        s.integer(EXAMPLES),
        s.integer(BATCH),
        new Distillation(
            s.real(TEMPERATURE), s.choice(DIVERGENCE).equals("reverse"), s.real(LABELS)),
        OptimizerSpec.adamw(s.real(RATE)));
  }

  /** Whether a round ends with a distillation. */
  public boolean due(int round) {
    return epochs > 0 && (round + 1) % every == 0;
  }
}
