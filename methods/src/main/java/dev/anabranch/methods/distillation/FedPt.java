package dev.anabranch.methods.distillation;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Instruments;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import dev.anabranch.methods.averaging.FedAvg;
import dev.anabranch.parts.Distillation;
import dev.anabranch.parts.ProxyTuning;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * FedPT, Figure 1: devices tune a small language model. A large one beside the coordinator, of
 * which only scores are seen, is moved by what that tuning has changed, and distilled back into the
 * small one. Nothing of the large model and none of the scores cross a link.
 *
 * <p>Differs: the paper leaves open how it distils; here by the mean divergence over the next
 * tokens of public text. A run ends after {@code rounds}, not at a criterion. LoRA's factors are
 * averaged each on its own. A small model that lost layers may be healed first, by plain
 * distillation.
 *
 * @param parameterisation what is trained of the small model and exchanged
 * @param weighted whether a device counts by its examples, or all alike
 * @param proxy how the large model is moved
 * @param teaching how it is distilled
 * @param healRounds distillations before the first round
 */
@Paper(
    title =
        "FedPT: Federated Proxy-Tuning of Large Language Models on Resource-Constrained Edge"
            + " Devices",
    url = "https://arxiv.org/abs/2410.00362")
public record FedPt(
    Training training,
    Parameterisation parameterisation,
    boolean weighted,
    ProxyTuning proxy,
    Teaching teaching,
    int healRounds)
    implements Method<Tuned> {
  private static final Knob.Int HEAL =
      new Knob.Int("healRounds", 0, 0, 1_000_000, "distillations before the first round");

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<FedPt> kind() {
      var rate = Training.learningRate(3e-4);
      var trained = Parameterisations.knob("lora");
      var more = new ArrayList<Knob>(List.of(trained, FedAvg.WEIGHTED, Teaching.LARGE));
      more.addAll(ProxyTuning.KNOBS);
      more.addAll(Teaching.knobs());
      more.add(HEAL);
      return Kind.of(
          "fedpt",
          "devices tune a small language model, which moves a large black box and learns from it",
          Training.knobs(rate, more.toArray(Knob[]::new)),
          s ->
              new FedPt(
                  Training.read(s, rate),
                  s.make(trained, Parameterisation.class),
                  s.flag(FedAvg.WEIGHTED),
                  ProxyTuning.read(s),
                  Teaching.read(s),
                  s.integer(HEAL)));
    }
  }

  @Override
  public Card card() {
    return new Card("fedpt", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    Teaching.requireLanguage("fedpt", model);
    return FedAvg.whole(model, parameterisation);
  }

  @Override
  public Tuned begin(Setup setup) {
    var base = setup.initialTrainable(NodeId.Role.DEVICE);
    return new Tuned(base.copy(), base);
  }

  @Override
  public Tuned coordinate(Coordinator<Tuned> me, Tuned state) {
    var now = me.firstRound() == 0 ? healed(me, state) : state;
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      var cohort = training.cohort().choose(me.roster(), round, me.random("cohort", round));
      TensorMap mean;
      try (var visits = me.invite(round, cohort)) {
        visits.sendAll(Averaging.GLOBAL, now.small()); // step 1: θ_s to the devices
        var replies = visits.gather(Averaging.UPDATE, training.quorum());
        mean = Averaging.add(now.small(), replies, weighted); // step 3: θ̄_s = Σ a_n θ_s,n
      }
      now = new Tuned(distilled(me, round, mean, now.base()), now.base());
      me.checkpoint(round + 1, now);
    }
    return now;
  }

  @Override
  public void participate(Device me) { // step 2: a device tunes θ_s on its own data
    var small = me.coordinator().receive(Averaging.GLOBAL);
    try (var update = me.lane().run("tuning", () -> FedAvg.train(me, small, training))) {
      me.coordinator().send(Averaging.UPDATE, update);
    }
  }

  private Tuned healed(Coordinator<Tuned> me, Tuned state) {
    var small = state.small();
    for (int i = 0; i < healRounds; i++) {
      try (var before = small) {
        small = teaching.round(me, "heal", i, before, Teaching.AS_IT_IS);
      }
    }
    return healRounds == 0 ? state : new Tuned(small, small.copy());
  }

  /** Steps 4 and 5, where they are due: s̃_l = s_θl + α (s_θ̄s − s_θs0), distilled into θ̄_s. */
  private TensorMap distilled(Coordinator<Tuned> me, int round, TensorMap mean, TensorMap base) {
    if (!teaching.distil().due(round)) {
      return mean;
    }
    try (mean) {
      Teaching.Teacher moved =
          (model, large, batch) -> {
            try (var l = Distillation.asked(large, batch.labels());
                var tuned = Teaching.scores(model, mean, batch);
                var untuned = Teaching.scores(model, base, batch)) {
              return proxy.shift(l, tuned, untuned);
            }
          };
      return teaching.round(me, "distil", round, mean, moved);
    }
  }

  @Override
  public TensorMap trained(Tuned state) {
    return state.small();
  }

  @Override
  public void measure(Tuned state, Instruments look) {
    look.score(look.evaluate(state.small(), Map.of("base", state.base())));
  }

  @Override
  public Codec<Tuned> state() {
    return Tuned.CODEC;
  }
}
