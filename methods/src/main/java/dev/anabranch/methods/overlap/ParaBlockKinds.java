package dev.anabranch.methods.overlap;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.List;

/** How a plan names {@link ParaBlock} and its sequential form. */
public final class ParaBlockKinds {
  private static final Knob.Real LEARNING_RATE = Training.learningRate(1e-4);
  private static final Knob.Flag WEIGHTED =
      new Knob.Flag("weighted", true, "whether a device counts by its examples, or all alike");
  private static final Knob.Flag SEQUENTIAL =
      new Knob.Flag("sequential", false, "plain block coordinate descent: nothing overlaps");
  private static final Knob.Flag CORRECTION =
      new Knob.Flag("correction", true, "train on top of one's own last change");
  private static final Knob.Flag FINISH =
      new Knob.Flag("finish", true, "devices that are not invited again send their last change");
  private static final Knob.Real SERVER_RATE =
      new Knob.Real("serverLearningRate", 1, 0, 100, "of the mean, when it is added");

  private ParaBlockKinds() {}

  /** {@code parablock}. */
  public static final class Parallel implements MethodProvider {
    @Override
    public Kind<ParaBlock> kind() {
      return Kind.of(
          "parablock",
          "one block a round, its exchange behind the training of the next",
          knobs(SEQUENTIAL, CORRECTION, FINISH),
          s -> read(s, s.flag(SEQUENTIAL), s.flag(CORRECTION), s.flag(FINISH)));
    }
  }

  /** {@code fl-bcd}. */
  public static final class Sequential implements MethodProvider {
    @Override
    public Kind<ParaBlock> kind() {
      return Kind.of(
          "fl-bcd",
          "one block a round: train, send, receive",
          knobs(),
          s -> read(s, true, true, true));
    }
  }

  private static List<Knob> knobs(Knob... more) {
    var all =
        Training.knobs(
            LEARNING_RATE,
            WEIGHTED,
            BlockPlan.BLOCKS,
            BlockPlan.EMBEDDINGS,
            BlockPlan.ORDER,
            BlockPlan.STAY,
            SERVER_RATE);
    all.addAll(List.of(more));
    return all;
  }

  private static ParaBlock read(
      Settings s, boolean sequential, boolean correction, boolean finish) {
    return new ParaBlock(
        Training.read(s, LEARNING_RATE),
        BlockPlan.read(s),
        s.flag(WEIGHTED),
        sequential,
        correction,
        finish,
        s.real(SERVER_RATE));
  }
}
