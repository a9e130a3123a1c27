package dev.anabranch.methods.caesar;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Method;
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
import dev.anabranch.core.TreeMean;
import dev.anabranch.core.Update;
import dev.anabranch.core.Visits;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Noted;
import dev.anabranch.methods.Training;
import dev.anabranch.parts.KeepLargest;
import dev.anabranch.parts.Sketch;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Caesar (Wang et al. 2024): the model goes down compressed, the less the longer a device has been
 * away, and the device recovers it with its own stale copy ({@link Sketch}); what was learned comes
 * up compressed, the less the more the device's data matters ({@link Ratios}); batch sizes balance
 * the time of a round ({@link Balance}). With other rules it is its own baselines: fixed ratios,
 * plain top-k, full precision.
 *
 * <p>Differs: staleness falls into buckets, one encoding for each; the stale copy is what the
 * device had when its last visit ended; a device that is new to the coordinator is of middling
 * importance; link rates are those that a device states, and its pace is measured.
 *
 * @param training its steps are τ, its batch the standard one
 * @param signs whether a compressed model carries signs, μ and M, or is a plain top-k
 * @param recovers whether a device recovers with its stale copy
 * @param feedback share of what an upload left out that is added to the next
 * @param byWork whether a device counts by the examples that it processed, τ b, or by those it has
 * @param scaleRate whether the learning rate grows with the batch, lr · b / standard
 */
@Paper(
    title = "Caesar: A Low-deviation Compression Approach for Efficient Federated Learning",
    url = "https://arxiv.org/abs/2412.19989")
public record Caesar(
    Training training,
    Parameterisation parameterisation,
    Ratios ratios,
    Balance balance,
    boolean signs,
    boolean recovers,
    double feedback,
    boolean byWork,
    boolean scaleRate)
    implements Method<Noted> {
  private static final Topic<TensorMap> ORDER = new Topic<>("order", Codecs.TENSORS);
  private static final Topic<Sketch> MODEL = new Topic<>("global", Sketch.CODEC);
  private static final Topic<Update> UPDATE = upload(KeepLargest.any());
  private static final String STALE = "model";

  private static Topic<Update> upload(KeepLargest codec) {
    return new Topic<>("update", Codecs.update(codec));
  }

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<Caesar> kind() {
      return CaesarKnobs.kind();
    }
  }

  @Override
  public Card card() {
    return new Card("caesar", Set.of(Ability.ONE_EXCHANGE), balance.balances());
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.DEVICE), Map.of("whole", parameterisation));
  }

  @Override
  public Noted begin(Setup setup) {
    return new Noted(setup.initialTrainable(NodeId.Role.DEVICE));
  }

  @Override
  public Noted coordinate(Coordinator<Noted> me, Noted state) {
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      var cohort = training.cohort().choose(me.roster(), round, me.random("cohort", round));
      var orders = new Planner(this).orders(me, cohort, state, round + 1);
      var visits = me.invite(round, cohort, d -> "batch " + Planner.of(orders, d).batch());
      try (visits) {
        send(visits, orders, state.global());
        state = fold(state, visits.gather(UPDATE, training.quorum()), round + 1);
      }
      new Planner(this).learn(me, visits, orders, state, round);
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  /** Each ratio is encoded once. */
  private void send(Visits visits, SortedMap<NodeId, Order> orders, TensorMap global) {
    for (var link : visits.links()) {
      link.post(ORDER, Planner.of(orders, link.peer()).message());
    }
    var buckets =
        orders.keySet().stream().collect(Collectors.groupingBy(d -> Planner.of(orders, d).down()));
    new TreeMap<>(buckets)
        .forEach((ratio, devices) -> {
          try (var sketch = Sketch.of(global, ratio, signs)) {
            visits.send(devices, MODEL, sketch);
          }
        });
  }

  /** w ← w + Σ a_i δ_i, on the exact w. */
  private Noted fold(Noted state, Replies<Update> replies, int t) {
    var mean = new TreeMean().start(TensorMap.empty());
    for (var reply : replies.checked(u -> Planner.mismatch(u, state))) {
      var update = reply.message();
      mean.add(reply.from(), update.delta(), (double) update.examples());
      Planner.note(state, reply.from(), update.notes(), t);
    }
    try (var old = state.global()) {
      return state.with(mean.finish().addedTo(old));
    }
  }

  @Override
  public void participate(Device me) {
    var order = me.coordinator().receive(ORDER);
    var sketch = me.coordinator().receive(MODEL);
    var codec = new KeepLargest(Order.up(order), feedback);
    try (var update =
        me.lane().run("local training", () -> train(me, sketch, Order.batch(order)))) {
      me.coordinator().send(upload(codec), update);
    }
  }

  private Update train(Device me, Sketch sketch, int batch) {
    var model = me.model();
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    try (var start = sketch.recover(recovers ? me.memory().get(STALE).orElse(null) : null)) {
      model.trainable().load(start);
      var report =
          training
              .scaled(scaleRate ? batch / (double) training.batch() : 1)
              .run(model, model.route(), me.round(), batches(me, rows, batch));
      if (recovers && ratios.downRule() != Ratios.Rule.NONE) {
        try (var now = model.trainable().copy()) {
          me.memory().put(STALE, now);
        }
      }
      return new Update(
          model.trainable().minus(start),
          byWork ? report.examples() : rows.length,
          report.loss(),
          Planner.notes(me.data(), model.facts().classes(), report.examples()));
    }
  }

  /** τ batches of b, from one random order of the rows after another; or passes if τ = 0. */
  private Iterable<Batch> batches(Device me, int[] rows, int batch) {
    var random = me.random("order");
    return training.steps() == 0
        ? me.data().shuffled(rows, batch, training.epochs(), random)
        : me.data()
            .inOrder(
                Planner.stream(rows, Math.multiplyExact(training.steps(), batch), random), batch);
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
