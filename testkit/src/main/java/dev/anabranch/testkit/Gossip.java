package dev.anabranch.testkit;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import java.util.Set;

/**
 * Five devices on a ring mix random models with their neighbours; the coordinator takes the mean.
 */
public final class Gossip {
  public static final Topic<TensorMap> MODEL = new Topic<>("model", Codecs.TENSORS);
  public static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);
  public static final int DEVICES = 5;

  private Gossip() {}

  public static Programs method(int rounds) {
    return Programs.of(
        Set.of(Ability.LIVE_LINKS, Ability.PEER_LINKS),
        (me, state) -> coordinate(me, state, rounds),
        Gossip::participate);
  }

  private static TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state, int rounds) {
    for (int round = me.firstRound(); round < rounds; round++) {
      try (var visits = me.invite(round, me.roster().devices())) {
        visits.sendAll(MODEL, state);
        state =
            visits
                .gather(UPDATE, new Quorum(1))
                .mean(state.specs(), Update::delta, Update::examples);
      }
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  private static void participate(Device me) {
    var mine = me.coordinator().receive(MODEL);
    var own =
        me.lane()
            .run(
                "train",
                () -> {
                  var model = me.model();
                  model.trainable().load(mine);
                  model.route().lossAndGradient(me.data().batch(me.data().rows()));
                  return model.trainable().copy().scale(1 + 0.01 * me.random("step").nextDouble());
                });
    var left = me.link(NodeId.device((me.id().index() + DEVICES - 1) % DEVICES));
    var right = me.link(NodeId.device((me.id().index() + 1) % DEVICES));
    var mixed = own;
    int parts = 1;
    for (var link : java.util.List.of(left, right)) {
      link.post(MODEL, own);
    }
    for (var link : java.util.List.of(left, right)) {
      try {
        mixed = mixed.plus(link.receive(MODEL));
        parts++;
      } catch (LinkLostException e) {
        continue;
      }
    }
    me.coordinator().send(UPDATE, new Update(mixed.scale(1.0 / parts), 1, 0));
  }
}
