package dev.anabranch.methods.droppeft;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Noted;
import dev.anabranch.methods.Training;
import dev.anabranch.parts.SharerMean;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * DropPEFT (Wang et al. 2025): federated parameter-efficient fine-tuning in which every step passes
 * some transformer layers by. The coordinator chooses each device's dropout rates with a bandit
 * ({@link Configurator}); the device draws the active layers of a step ({@link Arm}), trains
 * through these alone, and shares the modules of s of its L layers, keeping the others to itself
 * ({@link Sharing}). Each layer's modules are averaged over those who share them.
 *
 * <p>Differs: importance stays on the device, which alone uses it; steps by layer go up, as a layer
 * that was active c of τ steps counts n · c / τ unless {@code weightByActivity} is off; the reward
 * is measured on examples that the device holds back, as there is no validation set elsewhere; no 1
 * / (1 − P) in training, all layers in evaluation, as in LayerDrop; the classifier is shared by all
 * and never dropped.
 *
 * @param arms ways of dropping layers to choose from; one alone needs no reward
 * @param fixedSize whether each step has equally many active layers, or each layer its own coin
 * @param probe examples that a visit holds back to measure its reward
 */
@Paper(
    title = "Efficient Federated Fine-Tuning of LLMs with Layer Dropout",
    url = "https://arxiv.org/abs/2503.10217")
public record DropPeft(
    Training training,
    Parameterisation parameterisation,
    List<Arm> arms,
    boolean fixedSize,
    Configurator.Policy policy,
    int probe,
    Sharing sharing,
    boolean weightByActivity)
    implements Method<Noted> {
  private static final Topic<TensorMap> DROPOUT = new Topic<>("dropout", Codecs.TENSORS);
  private static final Topic<TensorMap> MODULES = new Topic<>("global", Codecs.TENSORS);
  private static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<DropPeft> kind() {
      return DropPeftKnobs.kind();
    }
  }

  @Override
  public Card card() {
    return new Card("droppeft", Set.of(Ability.ONE_EXCHANGE), arms.size() > 1);
  }

  @Override
  public ModelUse use(ModelFacts model) {
    sharing.require(model);
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.DEVICE), Map.of("whole", parameterisation));
  }

  @Override
  public Noted begin(Setup setup) {
    return new Noted(setup.initialTrainable(NodeId.Role.DEVICE));
  }

  @Override
  public Noted coordinate(Coordinator<Noted> me, Noted state) {
    int layers = Sharing.layers(state.global()).size();
    var rates = arms.stream().map(arm -> arm.rates(layers)).toList();
    var depths = rates.stream().map(Arm::read).map(Arm::depth).toList();
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      var bandit = new Configurator(policy, depths, state.notes());
      var arms = new TreeMap<NodeId, Integer>();
      var random = me.random("arms", round);
      for (var device : training.cohort().choose(me.roster(), round, me.random("cohort", round))) {
        arms.put(device, bandit.choose(me.profile(device), round, random));
      }
      var gains = new TreeMap<NodeId, Double>();
      var visits =
          me.invite(
              round, arms.keySet(), d -> depths.get(arms.getOrDefault(d, 0)) + " active layers");
      try (visits) {
        for (var link : visits.links()) {
          link.post(DROPOUT, rates.get(arms.getOrDefault(link.peer(), 0)));
          link.post(MODULES, Sharing.modules(state, link.peer()));
        }
        state = fold(state, visits.gather(UPDATE, training.quorum()), gains);
      }
      arms.forEach((device, arm) -> {
        double gain = gains.getOrDefault(device, 0.0);
        var kind = me.profile(device);
        visits.cost(device).ifPresent(cost -> bandit.learn(device, kind, arm, gain, cost));
      });
      me.report(
          round, "activeLayers", arms.values().stream().mapToInt(depths::get).average().orElse(0));
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  /** θ_l ← θ_l + Σ n_i Δ_{i,l} / Σ n_i over the devices that share layer l. */
  private Noted fold(Noted state, Replies<Update> replies, Map<NodeId, Double> gains) {
    var mean = new SharerMean(state.global().specs());
    for (var reply : replies.checked(u -> Sharing.mismatch(u, state.global()))) {
      var update = reply.message();
      float[] steps = update.notes().get(Sharing.STEPS).toArray();
      mean.add(
          reply.from(),
          update.delta(),
          layer -> update.examples() * (layer < 0 || !weightByActivity ? 1 : steps[layer]));
      Sharing.note(state, reply.from(), update.delta());
      gains.put(reply.from(), (double) update.notes().get(Sharing.GAIN).get(0));
    }
    try (var step = mean.finish()) {
      return state.with(state.global().plus(step));
    }
  }

  @Override
  public void participate(Device me) {
    float[] rates = Arm.read(me.coordinator().receive(DROPOUT));
    var modules = me.coordinator().receive(MODULES);
    try (var update = me.lane().run("local training", () -> train(me, rates, modules))) {
      me.coordinator().send(UPDATE, update);
    }
  }

  private Update train(Device me, float[] rates, TensorMap modules) {
    var model = me.model();
    var start = sharing.begin(me.memory(), modules, model.trainable().specs());
    model.trainable().load(start);
    var rows = Probe.split(me, training.examples(), arms.size() == 1 ? 0 : probe);
    double before = rows.loss(me, training.batch());
    var importance = sharing.importance(rates.length);
    double loss = steps(me, model, rates, rows.train(), importance);
    double gain = before - rows.loss(me, training.batch());
    return sharing.end(me.memory(), model, start, importance, rows.train().length, loss, gain);
  }

  /** H ← f_l(H) for active layers alone, forward and backward; gives the mean loss. */
  private double steps(
      Device me, Model model, float[] rates, int[] rows, Sharing.Importance importance) {
    var random = me.random("layers");
    double loss = 0;
    int steps = 0;
    try (var stepper = model.optimizer(training.optimizer(me.round()))) {
      for (var batch : training.batches(me.data(), rows, me.random("order"))) {
        int[] active = Arm.draw(rates, fixedSize, random);
        stepper.zero();
        loss += model.route().through(active).lossAndGradient(batch);
        importance.step(active, model.trainable());
        stepper.step();
        steps++;
      }
    }
    return steps == 0 ? 0 : loss / steps;
  }

  @Override
  public TensorMap trained(Noted state) {
    return state.global();
  }

  @Override
  public Codec<Noted> state() {
    return Noted.CODEC;
  }
}
