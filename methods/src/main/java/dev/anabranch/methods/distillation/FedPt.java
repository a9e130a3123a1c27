package dev.anabranch.methods.distillation;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Batch;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Card;
import dev.anabranch.core.Check;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Optimizer;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import dev.anabranch.methods.averaging.FedAvg;
import dev.anabranch.parts.Distillation;
import dev.anabranch.parts.ProxyTuning;
import dev.anabranch.parts.TopScores;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * FedPT, Figure 1: devices tune a small language model; a large one beside the coordinator, of
 * which only scores are seen, is moved by what that tuning has changed, and is distilled back into
 * the small one. Nothing of the large model and none of the scores cross a link.
 *
 * <p>Differs: the paper leaves open how it distils; here it is the mean divergence over the next
 * tokens of public text. A run ends after {@code rounds}, not at a criterion. LoRA's factors are
 * averaged each on its own.
 *
 * @param parameterisation what is trained of the small model and exchanged
 * @param weighted whether a device counts by its examples, or all alike
 * @param proxy how the large model is moved
 * @param topK how many next tokens the large model tells; 0: all
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
    int topK,
    Distil distil)
    implements Averaging, RoundMethod<TensorMap, TensorMap, Update> {
  private static final Knob.Text LARGE =
      new Knob.Text("large", "", "the large model: a name that model.source knows, or a path");
  private static final Knob.Int TOP_K =
      new Knob.Int("topK", 0, 0, 1_000_000, "next tokens that the large model tells; 0: all");

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<FedPt> kind() {
      var rate = Training.learningRate(3e-4);
      var trained = Parameterisations.knob("lora");
      var more = new ArrayList<Knob>(List.of(trained, FedAvg.WEIGHTED, LARGE));
      more.addAll(ProxyTuning.KNOBS);
      more.add(TOP_K);
      more.addAll(Distil.KNOBS);
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
                  s.integer(TOP_K),
                  Distil.read(s)));
    }
  }

  @Override
  public Card card() {
    return new Card("fedpt", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    Check.that(
        model.pooling() == Pooling.NONE,
        "task.kind",
        "text-classification",
        "causal-lm, as fedpt moves the scores of next tokens");
    return FedAvg.whole(model, parameterisation);
  }

  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap small) {
    var base = distil.epochs() > 0 ? base(me) : TensorMap.empty();
    for (int round = me.firstRound(); round < rounds(); round++) {
      var cohort = cohort().choose(me.roster(), round, me.random("cohort", round));
      try (var visits = me.invite(round, cohort)) {
        visits.sendAll(down(), small); // step 1: θ_s to the devices
        small = fold(small, visits.gather(up(), quorum())); // step 3: θ̄_s = Σ a_n θ_s,n
      }
      if (distil.due(round)) {
        small = distil(me, round, base, small); // steps 4 and 5
      }
      me.checkpoint(round + 1, small);
    }
    base.close();
    return small;
  }

  @Override
  public Update work(Device me, TensorMap small) { // step 2
    return FedAvg.train(me, small, training);
  }

  /** θ_s0, the small model before any tuning: for ever the one that is subtracted. */
  private static TensorMap base(Coordinator<TensorMap> me) {
    var model = me.model();
    return me.lane().run("base", () -> model.trainable().copy());
  }

  private BlackBox large(Coordinator<TensorMap> me, ModelFacts small) {
    var large = me.large();
    Check.that(
        large.vocabulary() == small.classes(),
        "method.fedpt.large: vocabulary of " + large.name(),
        large.vocabulary() + " tokens",
        small.classes() + ", as that of " + small.name());
    return topK > 0 ? new TopScores(large, topK) : large;
  }

  /** Distils the large model, moved by the mean of the devices' models, into that mean. */
  private TensorMap distil(Coordinator<TensorMap> me, int round, TensorMap base, TensorMap mean) {
    var model = me.model();
    var large = large(me, model.facts());
    var text = me.publicText();
    int[] rows = text.sample(distil.examples(), me.random("public", round));
    var losses = new ArrayList<Double>();
    var student = mean.copy();
    var batches = text.shuffled(rows, distil.batch(), distil.epochs(), me.random("distil", round));
    try (mean;
        var optimizer = me.lane().run("distil", () -> model.optimizer(distil.optimizer()))) {
      for (var batch : batches) {
        try (var before = student;
            var scores = large.logits((Inputs.Tokens) batch.inputs())) { // s_θl, [b, t, v]
          student =
              me.lane()
                  .run(
                      "distil",
                      () -> {
                        try (var teacher = teacher(model, scores, mean, base, batch)) {
                          model.trainable().load(before);
                          losses.add(step(model, optimizer, teacher, batch));
                          return model.trainable().copy();
                        }
                      });
        }
      }
    }
    me.report(round, "distilLoss", losses.stream().mapToDouble(x -> x).average().orElse(0));
    return student;
  }

  /** Step 4: s̃_l = s_θl + α (s_θ̄s − s_θs0), [n, v] at the positions that are asked. */
  private Tensor teacher(Model model, Tensor large, TensorMap mean, TensorMap base, Batch batch) {
    try (var l = Distillation.asked(large, batch.labels());
        var tuned = scores(model, mean, batch);
        var untuned = scores(model, base, batch)) {
      return proxy.shift(l, tuned, untuned);
    }
  }

  private static Tensor scores(Model model, TensorMap variables, Batch batch) {
    model.trainable().load(variables);
    try (var all = model.route().logits(batch)) {
      return Distillation.asked(all, batch.labels());
    }
  }

  /** Step 5: one step down KL(softmax(s̃_l / T) ‖ softmax(s_θ / T)) T². */
  private double step(Model model, Optimizer optimizer, Tensor teacher, Batch batch) {
    optimizer.zero();
    double loss = model.route().lossAndGradient(batch, distil.loss().from(teacher, batch.labels()));
    optimizer.step();
    return loss;
  }
}
