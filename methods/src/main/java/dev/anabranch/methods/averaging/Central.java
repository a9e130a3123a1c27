package dev.anabranch.methods.averaging;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Kind;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TrainedState;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.Map;
import java.util.Set;

/**
 * The reference with all data in one place: in each round the coordinator trains on as many
 * examples, drawn from all devices, as a cohort would have. The bytes of gathering the data are not
 * counted.
 *
 * <p>Differs from plain training: the optimizer's moments are forgotten between rounds, so that a
 * resumed run is exact.
 *
 * @param parameterisation what is trained
 */
@Folklore("the upper reference of every federated comparison")
public record Central(Training training, Parameterisation parameterisation)
    implements TrainedState {
  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<Central> kind() {
      return Kind.of(
          "central",
          "all data in one place: the reference that federated learning avoids",
          Training.knobs(FedAvg.LEARNING_RATE, FedAvg.TRAINED),
          s ->
              new Central(
                  Training.read(s, FedAvg.LEARNING_RATE),
                  s.make(FedAvg.TRAINED, Parameterisation.class)));
    }
  }

  @Override
  public Card card() {
    return new Card("central", Set.of(Ability.POOLED_DATA));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.COORDINATOR),
        Map.of("whole", parameterisation));
  }

  @Override
  public TensorMap begin(Setup setup) {
    return setup.initialTrainable(NodeId.Role.COORDINATOR);
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state) {
    var data = me.pooled();
    int perRound = training.examples() * training.cohortSize();
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      int[] rows = data.sample(perRound, me.random("sample", round));
      var batches = training.batches(data, rows, me.random("order", round));
      var before = state;
      int now = round;
      state =
          me.lane()
              .run(
                  "central training",
                  () -> {
                    var model = me.model();
                    model.trainable().load(before);
                    me.report(
                        now, "trainLoss", training.run(model, model.route(), now, batches).loss());
                    return model.trainable().copy();
                  });
      before.close();
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  @Override
  public void participate(Device me) {
    throw new IllegalStateException("no device is invited");
  }
}
