package dev.anabranch.methods.averaging;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Setup;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The reference without communication: every device trains alone and keeps what it learned. Its
 * accuracy is the mean, over the devices of the last cohort, of each device's own model on the
 * common hold-out. The run leaves no trained variables, since no common model exists.
 *
 * @param parameterisation what is trained
 */
@Folklore("the lower reference of every federated comparison")
public record LocalOnly(Training training, Parameterisation parameterisation)
    implements Method<TensorMap> {
  /**
   * Three numbers, 12 bytes: accuracy, loss and size of the hold-out; before the last round the
   * training loss alone.
   */
  private static final Topic<TensorMap> REPORT = new Topic<>("report", Codecs.TENSORS);

  private static final List<TensorSpec> SCORE = List.of(TensorSpec.of("score", 3));
  private static final String OWN = "variables";

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<LocalOnly> kind() {
      return Kind.of(
          "local-only",
          "every device trains alone: the reference without communication",
          Training.knobs(FedAvg.LEARNING_RATE, FedAvg.TRAINED),
          s ->
              new LocalOnly(
                  Training.read(s, FedAvg.LEARNING_RATE),
                  s.make(FedAvg.TRAINED, Parameterisation.class)));
    }
  }

  @Override
  public Card card() {
    return new Card("local-only", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return FedAvg.whole(model, parameterisation);
  }

  @Override
  public TensorMap begin(Setup setup) {
    return setup.initialTrainable(NodeId.Role.DEVICE);
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap start) {
    CohortPolicy policy = training.cohort();
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      var cohort = policy.choose(me.roster(), round, me.random("cohort", round));
      try (var visits = me.invite(round, cohort)) {
        double accuracy = 0;
        double loss = 0;
        double examples = 0;
        int n = 0;
        var reports = visits.gather(REPORT, training.quorum());
        for (var reply : reports.checked(report -> report.difference(SCORE))) {
          var score = reply.message().get("score");
          accuracy += score.get(0);
          loss += score.get(1);
          examples = score.get(2);
          n++;
        }
        if (last(round)) {
          me.score(round, new Metrics(accuracy / n, loss / n, (int) examples));
        } else {
          me.report(round, "trainLoss", loss / n);
        }
      }
      me.checkpoint(round + 1, start);
    }
    return start;
  }

  @Override
  public void participate(Device me) {
    var learned =
        me.lane()
            .run(
                "local training",
                () -> {
                  var model = me.model();
                  var own = me.memory().get(OWN).orElseGet(() -> model.trainable().copy());
                  try (var update = FedAvg.train(me, own, training)) {
                    var now = own.plus(update.delta());
                    me.memory().put(OWN, now);
                    return new Update(now, update.examples(), update.loss());
                  }
                });
    float[] score = {0, (float) learned.loss(), 0};
    if (last(me.round())) {
      var metrics = me.evaluate(learned.delta());
      score = new float[] {(float) metrics.accuracy(), (float) metrics.loss(), metrics.examples()};
    }
    me.coordinator().send(REPORT, TensorMap.of(Map.of("score", Tensor.of(score, 3))));
  }

  private boolean last(int round) {
    return round == training.rounds() - 1;
  }

  @Override
  public Codec<TensorMap> state() {
    return Codecs.TENSORS;
  }

  @Override
  public TensorMap trained(TensorMap state) {
    return TensorMap.empty(); // no common model
  }
}
