package dev.anabranch.testkit;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import java.util.Set;

/** Each device adds what it sent before: an error in its memory shows in the result. */
public final class Remembering {
  public static final Topic<TensorMap> MODEL = new Topic<>("model", Codecs.TENSORS);
  public static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);

  private Remembering() {}

  public static Programs method(int rounds) {
    return Programs.of(
        Set.of(Ability.ONE_EXCHANGE),
        (me, state) -> coordinate(me, state, rounds),
        Remembering::participate);
  }

  private static TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state, int rounds) {
    for (int round = me.firstRound(); round < rounds; round++) {
      // Half of the devices in turn, so that a memory has to last over rounds in which its device
      // rests.
      int turn = round % 2;
      var cohort =
          me.roster().devices().stream().filter((NodeId d) -> d.index() % 2 == turn).toList();
      try (var visits = me.invite(round, cohort)) {
        visits.sendAll(MODEL, state);
        state =
            state.plus(
                visits
                    .gather(UPDATE, new Quorum(1))
                    .mean(state.specs(), Update::delta, Update::examples));
      }
      me.report(round, "norm", state.norm());
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  private static void participate(Device me) {
    var global = me.coordinator().receive(MODEL);
    var before =
        me.memory()
            .get("sent")
            .orElseGet(() -> global.scale(0.5 + me.random("first").nextDouble()));
    var next = before.scale(0.5).plusScaled(0.25, global);
    me.memory().put("sent", next);
    me.coordinator().send(UPDATE, new Update(next, 1 + me.id().index(), 0));
  }
}
