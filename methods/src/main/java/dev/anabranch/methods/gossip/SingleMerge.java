package dev.anabranch.methods.gossip;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Instruments;
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
import dev.anabranch.methods.Training;
import dev.anabranch.parts.RandomPeers;
import dev.anabranch.parts.Topology;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Decentralised SGD with a single global merging, Algorithm 1: every agent takes local steps, mixes
 * its variables with those of a few others, and once, at the end, all are merged into their mean.
 * Variables go from agent to agent; the coordinator calls the roll, a few bytes a round.
 *
 * <p>Differs: an optimizer's moments last for a round; factors of LoRA are averaged one by one,
 * which is not the mean of their products; running statistics of batch norm are measured anew by
 * every agent on its own data after the merge, and then averaged.
 *
 * @param topology with whom an agent mixes in a sparse round
 * @param merge how the end is made
 */
@Paper(
    title = "On the Surprising Effectiveness of a Single Global Merging in Decentralized Learning",
    url = "https://arxiv.org/abs/2507.06542")
public record SingleMerge(
    Training training,
    Parameterisation parameterisation,
    Topology topology,
    Communication communication,
    Merge merge)
    implements Method<TensorMap> {
  /** An agent's own word before the exchange: training loss, and how far it was from the others. */
  private static final Topic<TensorMap> PRESENT = new Topic<>("present", Codecs.TENSORS);

  /** Who is here, and the rate of this round where it varies. */
  private static final Topic<TensorMap> ROLL = new Topic<>("roll", Codecs.TENSORS);

  private static final String OWN = Agents.VARIABLES;
  private static final String DISTANCE = "distance";

  public SingleMerge {
    Check.that(
        !(communication instanceof Communication.Adaptive) || topology instanceof RandomPeers,
        "communication",
        "adaptive",
        "with topology: random, whose rate it sets; or another one");
  }

  @Override
  public Card card() {
    return new Card("single-merge", Set.of(Ability.PEER_LINKS));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return new ModelUse(
        Partition.whole(model.layers(), NodeId.Role.DEVICE), Map.of("whole", parameterisation));
  }

  @Override
  public TensorMap begin(Setup setup) {
    return RollCall.sight(new Communication.Adaptive.Sight(RollCall.least(topology), 0, 0));
  }

  @Override
  public int closingRounds() {
    return merge instanceof Merge.None ? 0 : 1;
  }

  /** Every round is a roll call; the round after the last one merges. */
  @Override
  public TensorMap coordinate(Coordinator<TensorMap> me, TensorMap sight) {
    var agents = me.roster().devices();
    topology.require(agents.size());
    for (int round = me.firstRound(); round < training.rounds() + closingRounds(); round++) {
      try (var visits = me.invite(round, agents)) {
        var call = RollCall.of(visits.gather(PRESENT, training.quorum()));
        if (round < training.rounds()) {
          me.report(round, "trainLoss", call.loss());
          if (communication instanceof Communication.Adaptive adaptive) {
            sight = call.next(adaptive, sight, round, training.rounds(), topology, agents.size());
            me.report(round, "rate", sight.get("sight").get(0));
          }
        }
        visits.sendAll(ROLL, call.roll(agents, sight));
      }
      me.checkpoint(round + 1, sight);
    }
    return sight;
  }

  @Override
  public void participate(Device me) {
    boolean merging = me.round() == training.rounds();
    var local = merging ? new Local(own(me), 0) : train(me);
    me.coordinator().send(PRESENT, RollCall.word(local.loss(), me.memory().get(DISTANCE)));
    var roll = me.coordinator().receive(ROLL);
    var agents = RollCall.present(roll);
    var theta = local.variables();
    if (merging) {
      theta = Statistics.measured(me, merge.apply(me, theta, agents), agents, training.batch());
      me.memory().put(Agents.MERGED, RollCall.number(Agents.MERGED, 1));
    } else {
      theta =
          switch (communication.phase(me.round(), training.rounds())) {
            case SILENT -> theta;
            case DENSE -> Exchange.allReduce(me, theta, agents);
            case SPARSE -> mix(me, theta, roll, agents);
          };
    }
    me.memory().put(OWN, theta);
  }

  private record Local(TensorMap variables, double loss) {}

  /** θ_k as it is; before the first round as installed. */
  private static TensorMap own(Device me) {
    return me.memory()
        .get(OWN)
        .orElseGet(() ->
            me.lane()
                .run(
                    "initial variables",
                    () -> {
                      var initial = me.model().trainable().copy();
                      me.release();
                      return initial;
                    }));
  }

  /** θ_k ← Optimizer(θ_k, batch), H times. */
  private Local train(Device me) {
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    var batches = training.batches(me.data(), rows, me.random("order"));
    return me.lane()
        .run(
            "local training",
            () -> {
              var model = me.model();
              me.memory().get(OWN).ifPresent(model.trainable()::load);
              double loss = training.run(model, model.route(), me.round(), batches).loss();
              var theta = model.trainable().copy();
              me.release();
              return new Local(theta, loss);
            });
  }

  /** Samples W^(t) and takes this agent's row of it. */
  private TensorMap mix(Device me, TensorMap theta, TensorMap roll, List<NodeId> agents) {
    var all = RollCall.enrolled(roll);
    var w =
        RollCall.rated(topology, communication, roll)
            .mixing(all.size(), me.common("mixing"))
            .among(RollCall.flags(all, agents));
    var mixed = Exchange.mix(me, theta, w, all);
    if (communication instanceof Communication.Adaptive) {
      me.memory().put(DISTANCE, RollCall.number(DISTANCE, mixed.distance()));
    }
    return mixed.variables();
  }

  @Override
  public void measure(TensorMap state, Instruments look) {
    Agents.of(look).measure(look);
  }

  /** The merged variables, which every agent has; without a merge there is no common model. */
  @Override
  public TensorMap result(TensorMap state, Instruments look) {
    return merge instanceof Merge.None ? TensorMap.empty() : Agents.of(look).mean();
  }

  @Override
  public TensorMap trained(TensorMap state) {
    return TensorMap.empty(); // it lies on the agents
  }

  @Override
  public Codec<TensorMap> state() {
    return Codecs.TENSORS;
  }
}
