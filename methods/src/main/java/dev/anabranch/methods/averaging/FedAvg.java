package dev.anabranch.methods.averaging;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Device;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import java.util.Map;
import java.util.Set;

/**
 * Federated averaging, Algorithm 1: every device of the cohort trains the global variables on its
 * own data and returns what changed; the coordinator adds the mean, weighted by examples. With
 * everything trained it is federated full fine-tuning; with a parameter-efficient parameterisation
 * it is FedPEFT (arXiv 2210.01708).
 *
 * <p>Differs: devices return differences instead of variables, which gives the same mean; any
 * optimizer, not SGD alone.
 *
 * @param parameterisation what is trained and exchanged
 * @param weighted whether a device counts by its examples, or all alike
 */
@Paper(
    title = "Communication-Efficient Learning of Deep Networks from Decentralized Data",
    url = "https://arxiv.org/abs/1602.05629")
public record FedAvg(Training training, Parameterisation parameterisation, boolean weighted)
    implements Averaging, RoundMethod<TensorMap, TensorMap, Update> {
  static final Knob.Real LEARNING_RATE = Training.learningRate(1e-4);
  static final Knob.OneOf TRAINED = Parameterisations.knob("everything");
  public static final Knob.Flag WEIGHTED =
      new Knob.Flag("weighted", true, "whether a device counts by its examples, or all alike");

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<FedAvg> kind() {
      return Kind.of(
          "fedavg",
          "every device trains the whole model, or an adapter on it; the coordinator averages",
          Training.knobs(LEARNING_RATE, TRAINED, WEIGHTED),
          s ->
              new FedAvg(
                  Training.read(s, LEARNING_RATE),
                  s.make(TRAINED, Parameterisation.class),
                  s.flag(WEIGHTED)));
    }
  }

  @Override
  public Card card() {
    return new Card("fedavg", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return whole(model, parameterisation);
  }

  public static ModelUse whole(ModelFacts model, Parameterisation parameterisation) {
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.DEVICE), Map.of("whole", parameterisation));
  }

  @Override
  public Update work(Device me, TensorMap global) {
    return train(me, global, training);
  }

  /** ClientUpdate(k, w): E epochs over the device's batches, from the global variables. */
  public static Update train(
      Device me, TensorMap global, Training training, GradientTerm... terms) {
    var model = me.model();
    model.trainable().load(global);
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    var batches = training.batches(me.data(), rows, me.random("order"));
    var report = training.run(model, model.route(), me.round(), batches, terms);
    return new Update(model.trainable().minus(global), rows.length, report.loss());
  }
}
