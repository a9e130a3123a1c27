package dev.anabranch.methods.split;

import dev.anabranch.core.Ability;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import dev.anabranch.methods.Averaging;
import dev.anabranch.methods.MethodProvider;
import dev.anabranch.methods.Training;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToDoubleBiFunction;

/**
 * SFL+FF: the model is split in a U and everything is trained. SplitFed's first version: each
 * device has a body of its own for a visit, and heads, tails and bodies are averaged at the end of
 * the round. C_FF = 4 · U · n_k · q + 2 · (|W_h| + |W_t|) · b; the bodies' own exchange with the
 * coordinator stays in the data centre and is counted apart.
 *
 * <p>Differs from SplitFed: three parts instead of two, so that labels stay on the device.
 */
@Paper(
    title = "SplitFed: When Federated Learning Meets Split Learning",
    url = "https://arxiv.org/abs/2004.12088")
public record SflFull(Training training, boolean weighted, int headLayers, int tailLayers)
    implements Method<SflFull.State> {
  private static final SplitTopics TOPICS = SplitTopics.all(Codecs.HIDDEN);
  private static final Topic<TensorMap> BODY_GLOBAL = new Topic<>("body-global", Codecs.TENSORS);
  private static final Topic<Update> BODY_UPDATE = new Topic<>("body-update", Codecs.UPDATE);

  /** Head and tail in one map, the body in another. */
  public record State(TensorMap device, TensorMap body) {}

  private static final Codec<State> STATE =
      new Codec<>() {
        @Override
        public String id() {
          return "sfl-ff/1";
        }

        @Override
        public Fidelity fidelity() {
          return Fidelity.EXACT;
        }

        @Override
        public void encode(State state, WireOut out, Memory memory) {
          Codecs.TENSORS.encode(state.device(), out, memory);
          Codecs.TENSORS.encode(state.body(), out, memory);
        }

        @Override
        public State decode(WireIn in, Memory memory) {
          var device = Codecs.TENSORS.decode(in, memory);
          return new State(device, Codecs.TENSORS.decode(in, memory));
        }
      };

  /** How a plan names it. */
  public static final class Provider implements MethodProvider {
    @Override
    public Kind<SflFull> kind() {
      var rate = Training.learningRate(1e-4);
      return Kind.of(
          "sfl-ff",
          "split model, everything trained, a body for each device of a round",
          Split.knobs(rate),
          s ->
              new SflFull(
                  Training.read(s, rate),
                  s.flag(Split.WEIGHTED),
                  s.integer(Split.HEAD_LAYERS),
                  s.integer(Split.TAIL_LAYERS)));
    }
  }

  @Override
  public Card card() {
    return new Card("sfl-ff", Set.of(Ability.BODY_LINKS));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    var all = new Parameterisation.Everything();
    return new ModelUse(
        Partition.uShape(model.layers(), headLayers, model.layers() - tailLayers),
        Map.of("head", all, "body", all, "tail", all));
  }

  @Override
  public State begin(Setup setup) {
    return new State(
        setup.initialTrainable(NodeId.Role.DEVICE), setup.initialTrainable(NodeId.Role.BODY));
  }

  @Override
  public State coordinate(Coordinator<State> me, State state) {
    CohortPolicy policy = training.cohort();
    for (int round = me.firstRound(); round < training.rounds(); round++) {
      var cohort = policy.choose(me.roster(), round, me.random("cohort", round));
      try (var visits = me.invite(round, cohort)) {
        visits.sendAll(Averaging.GLOBAL, state.device());
        visits.sendBodies(BODY_GLOBAL, state.body());
        var weights = new TreeMap<NodeId, Double>(); // a body counts as much as its device
        ToDoubleBiFunction<NodeId, Update> weight =
            (of, u) -> weights.computeIfAbsent(of, d -> weighted ? u.examples() : 1.0);
        var updates = visits.gather(Averaging.UPDATE, training.quorum());
        var device = Averaging.add(state.device(), updates, weight);
        var served = visits.gatherBodies(BODY_UPDATE, training.quorum());
        var body = Averaging.add(state.body(), served, weight);
        state = new State(device, body);
      }
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  @Override
  public void participate(Device me) {
    var global = me.coordinator().receive(Averaging.GLOBAL);
    var model = Split.begin(me, global);
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    double loss = Split.train(me, training, rows, (batch, by) -> Split.step(me, TOPICS, batch, by));
    Split.finish(me, global, rows.length, loss);
  }

  @Override
  public void serve(BodyHost me) {
    var global = me.coordinator().receive(BODY_GLOBAL);
    var stepper =
        me.lane()
            .run(
                "load",
                () -> {
                  me.model().trainable().load(global);
                  return me.model().optimizer(training.optimizer(me.round()));
                });
    long examples = 0;
    while (me.device().more()) {
      examples += Split.answer(me, TOPICS, stepper);
    }
    long served = Math.max(1, examples);
    me.coordinator()
        .send(
            BODY_UPDATE,
            me.lane()
                .run(
                    "difference",
                    () -> new Update(me.model().trainable().minus(global), served, 0)));
  }

  @Override
  public Codec<State> state() {
    return STATE;
  }

  @Override
  public TensorMap trained(State state) {
    return state.device().and(state.body());
  }
}
