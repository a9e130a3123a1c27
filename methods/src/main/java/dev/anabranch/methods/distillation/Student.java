package dev.anabranch.methods.distillation;

import dev.anabranch.core.Card;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TrainedState;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.averaging.FedAvg;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A small language model that learns to speak like a large one from public text, before any device
 * is asked: how a model that lost some of its layers is healed. No device takes part.
 *
 * @param rounds of {@code distilExamples} texts each
 * @param parameterisation what is trained
 */
@Paper(
    title = "Distilling the Knowledge in a Neural Network",
    url = "https://arxiv.org/abs/1503.02531")
public record Student(int rounds, Parameterisation parameterisation, Teaching teaching)
    implements TrainedState {
  private static final Knob.Int ROUNDS =
      new Knob.Int("rounds", 12, 1, 1_000_000, "how many times texts are drawn");

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<Student> kind() {
      var trained = Parameterisations.knob("everything");
      var knobs = new ArrayList<Knob>(List.of(ROUNDS, trained, Teaching.LARGE));
      knobs.addAll(Teaching.knobs());
      return Kind.of(
          "student",
          "a small language model learns from a large one on public text; no device takes part",
          knobs,
          s ->
              new Student(
                  s.integer(ROUNDS), s.make(trained, Parameterisation.class), Teaching.read(s)));
    }
  }

  @Override
  public Card card() {
    return new Card("student", Set.of());
  }

  @Override
  public ModelUse use(ModelFacts model) {
    Teaching.requireLanguage("student", model);
    return FedAvg.whole(model, parameterisation);
  }

  @Override
  public TensorMap begin(Setup setup) {
    return setup.initialTrainable(NodeId.Role.DEVICE);
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap small) {
    for (int round = me.firstRound(); round < rounds; round++) {
      if (teaching.distil().due(round)) {
        try (var before = small) {
          small = teaching.round(me, "distil", round, before, Teaching.AS_IT_IS);
        }
      }
      me.checkpoint(round + 1, small);
    }
    return small;
  }

  @Override
  public void participate(Device me) {
    throw new IllegalStateException("no device is invited");
  }
}
