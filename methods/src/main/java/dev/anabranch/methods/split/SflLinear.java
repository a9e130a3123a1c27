package dev.anabranch.methods.split;

import dev.anabranch.core.Ability;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.Map;
import java.util.Set;

/**
 * SFL+Linear: the model is split, head and body are frozen, the device trains its tail on what the
 * body answers. No gradient crosses a cut. C_LIN = 2 · U · n_k · q + 2 · |W_t| · b.
 *
 * <p>Differs: the body's answers are asked for anew in each epoch, as the published cost assumes,
 * although frozen parts would give them again.
 *
 * @param headLayers transformer layers on the device before the cut
 * @param tailLayers transformer layers on the device after the cut
 * @param tail what of the tail is trained
 */
@Paper(
    title = "SplitFed: When Federated Learning Meets Split Learning",
    url = "https://arxiv.org/abs/2004.12088")
public record SflLinear(
    Training training, boolean weighted, int headLayers, int tailLayers, Parameterisation tail)
    implements Averaging {
  static final SplitTopics TOPICS = SplitTopics.all(Codecs.HIDDEN);
  static final Knob.Real LEARNING_RATE = Training.learningRate(1e-3);

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<SflLinear> kind() {
      return Kind.of(
          "sfl-linear",
          "split model, frozen head and body, the device trains its tail",
          Split.knobs(LEARNING_RATE, Split.TAIL_TRAINABLE),
          s ->
              new SflLinear(
                  Training.read(s, LEARNING_RATE),
                  s.flag(Split.WEIGHTED),
                  s.integer(Split.HEAD_LAYERS),
                  s.integer(Split.TAIL_LAYERS),
                  Split.tail(s.choice(Split.TAIL_TRAINABLE))));
    }
  }

  @Override
  public Card card() {
    return new Card("sfl-linear", Set.of(Ability.BODY_LINKS));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return new ModelUse(
        Partition.uShape(model.layers(), headLayers, model.layers() - tailLayers),
        Map.of("tail", tail));
  }

  @Override
  public void participate(Device me) {
    var global = me.coordinator().receive(GLOBAL);
    var model = Split.begin(me, global);
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    double loss =
        Split.train(me, training, rows, (batch, by) -> Split.tailStep(me, TOPICS, batch, by));
    Split.finish(me, global, rows.length, loss);
  }

  @Override
  public void serve(BodyHost me) {
    while (me.device().more()) {
      Split.forward(me, TOPICS);
    }
  }
}
