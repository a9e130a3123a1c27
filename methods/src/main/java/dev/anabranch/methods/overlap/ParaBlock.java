package dev.anabranch.methods.overlap;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Method;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Setup;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import dev.anabranch.methods.Training;
import dev.anabranch.methods.overlap.Replica.Change;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * ParaBlock: federated block coordinate descent in which a device sends the change of one block
 * while it trains the next, so that a round takes the longer of both. What comes back is a round
 * late; the block-level correction bears it: a device trains on top of its own last change, and
 * replaces it by the mean of all later. {@code sequential} is plain: train, send, receive.
 *
 * <p>Differs: the correction is our reading of the abstract; who leaves still sends a last change.
 *
 * @param sequential whether a round waits for its own exchange
 * @param correction whether a device trains on top of its own last change
 * @param finish whether those who leave send their last change
 * @param serverRate of the mean, when it is added
 */
@Paper(
    title =
        "ParaBlock: Communication-Computation Parallel Block Coordinate Federated Learning for"
            + " Large Language Models",
    url = "https://arxiv.org/abs/2511.19959")
public record ParaBlock(
    Training training,
    BlockPlan plan,
    boolean weighted,
    boolean sequential,
    boolean correction,
    boolean finish,
    double serverRate)
    implements Method<BlockState> {
  private static final Topic<TensorMap> ORDER = new Topic<>("order", Codecs.TENSORS);
  static final Topic<TensorMap> VERSIONS = new Topic<>("versions", Codecs.TENSORS);
  static final Topic<TensorMap> STALE = new Topic<>("stale", Codecs.TENSORS);
  static final Topic<TensorMap> BLOCK = new Topic<>("block", Codecs.TENSORS);
  private static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);
  private static final Topic<TensorMap> MEAN = new Topic<>("mean", Codecs.TENSORS);
  private static final Codec<BlockState> STATE =
      new Codec<>() {
        @Override
        public String id() {
          return "blocks/1";
        }

        @Override
        public Fidelity fidelity() {
          return Fidelity.EXACT;
        }

        @Override
        public void encode(BlockState state, WireOut out, Memory memory) {
          state.write(out, memory);
        }

        @Override
        public BlockState decode(WireIn in, Memory memory) {
          return BlockState.read(in, memory);
        }
      };

  @Override
  public int closingRounds() {
    return sequential ? 0 : 1; // the last exchange trains nothing
  }

  @Override
  public Card card() {
    return new Card(sequential ? "fl-bcd" : "parablock", Set.of(Ability.LIVE_LINKS));
  }

  @Override
  public ModelUse use(ModelFacts model) {
    return plan.use(model);
  }

  @Override
  public BlockState begin(Setup setup) {
    return BlockState.begin(
        plan.names(setup.model()).stream()
            .map(name -> setup.initialTrainable(NodeId.Role.DEVICE, name))
            .toList());
  }

  @Override
  public BlockState coordinate(Coordinator<BlockState> me, BlockState state) {
    int blocks = state.blocks().size();
    for (int round = me.firstRound(); round < training.rounds() + closingRounds(); round++) {
      List<NodeId> cohort =
          round < training.rounds()
              ? training.cohort().choose(me.roster(), round, me.random("cohort", round))
              : List.of();
      var late = finish || cohort.isEmpty() ? state.cohort() : List.<NodeId>of();
      int trained = plan.at(round, blocks, me);
      int exchanged = sequential ? trained : round == 0 ? -1 : plan.at(round - 1, blocks, me);
      try (var visits = me.invite(round, Stream.concat(cohort.stream(), late.stream()).toList())) {
        for (var link : visits.links()) {
          int block = cohort.contains(link.peer()) ? trained : -1;
          link.post(ORDER, BlockState.numbers("order", block, exchanged));
        }
        state.catchUp(visits, training.quorum());
        var updates = visits.gather(UPDATE, training.quorum());
        var mean = BlockState.Mean.of(updates, state.specs(exchanged), weighted, serverRate);
        visits.sendAll(MEAN, mean.change());
        if (mean.change().size() > 0) {
          me.report(round, "trainLoss", mean.loss());
        }
        state = state.plus(exchanged, mean.change(), round + 1, sequential ? List.of() : cohort);
      }
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  /** One round of a device; Δ^{t−1} is on its way while Δ^t is made. */
  @Override
  public void participate(Device me) {
    var link = me.coordinator();
    var copy = new Replica(me.memory());
    var last = sequential ? Change.none() : copy.pending(me.round());
    link.post(VERSIONS, copy.versions());
    if (!sequential) {
      link.post(UPDATE, last.update());
    }
    int[] order = BlockState.numbers(link.receive(ORDER), "order");
    boolean behind = !copy.current(me.round());
    if (behind) {
      copy.catchUp(link, me.round());
    }
    var change = order[0] < 0 ? Change.none() : train(me, copy, order, last);
    if (sequential) {
      link.post(UPDATE, change.update());
    }
    if (!behind) {
      copy.catchUp(link, me.round()); // a device that was there has nothing to catch up with
    }
    copy.add(order[1], link.receive(MEAN), me.round() + 1);
    copy.keep(me.round(), sequential ? Change.none() : change);
  }

  /** Δ^t: H steps on block b(t) alone, on top of W as this device knows it and its own Δ^{t−1}. */
  private Change train(Device me, Replica copy, int[] order, Change last) {
    int[] rows = me.data().sample(training.examples(), me.random("sample"));
    var batches = training.batches(me.data(), rows, me.random("order"));
    return me.lane()
        .run(
            "block training",
            () -> {
              var model = me.model();
              var names = plan.names(model.facts());
              for (int b = 0; b < names.size(); b++) {
                var block = model.trainable(names.get(b));
                if (b == order[0] || b == order[1]) {
                  copy.keepIfNew(b, block::copy);
                }
                copy.view(b, correction ? last : Change.none()).ifPresent(block::load);
              }
              model.train(names.get(order[0]));
              var mine = model.trainable(names.get(order[0]));
              try (var before = mine.copy()) {
                double loss = training.run(model, model.route(), me.round(), batches).loss();
                var delta = mine.minus(before);
                me.release();
                return new Change(order[0], new Update(delta, rows.length, loss));
              }
            });
  }

  @Override
  public Codec<BlockState> state() {
    return STATE;
  }

  @Override
  public TensorMap trained(BlockState state) {
    return state.all();
  }
}
