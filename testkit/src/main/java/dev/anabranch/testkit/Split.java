package dev.anabranch.testkit;

import dev.anabranch.core.Ability;
import dev.anabranch.core.BodyHost;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Coordinator;
import dev.anabranch.core.Device;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import java.util.ArrayList;
import java.util.Set;

/** Head and tail on the device, a frozen body elsewhere, an exchange per batch. */
public final class Split {
  public static final Topic<TensorMap> MODEL = new Topic<>("model", Codecs.TENSORS);
  public static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);
  public static final Topic<Hidden> ACTIVATION = new Topic<>("activation", Codecs.HIDDEN);
  public static final Topic<Hidden> GRADIENT = new Topic<>("activation-gradient", Codecs.HIDDEN);

  private Split() {}

  public static Programs method(int rounds) {
    return new Programs(
        Set.of(Ability.BODY_LINKS),
        (me, state) -> coordinate(me, state, rounds),
        Split::participate,
        Split::serve);
  }

  private static TensorMap coordinate(Coordinator<TensorMap> me, TensorMap state, int rounds) {
    for (int round = me.firstRound(); round < rounds; round++) {
      try (var visits = me.invite(round, me.roster().devices())) {
        visits.sendAll(MODEL, state);
        state =
            state.plus(
                visits
                    .gather(UPDATE, new Quorum(1))
                    .mean(state.specs(), Update::delta, Update::examples));
      }
      me.checkpoint(round + 1, state);
    }
    return state;
  }

  private static void participate(Device me) {
    var global = me.coordinator().receive(MODEL);
    me.lane().run("load", () -> me.model().trainable().load(global));
    var data = me.data();
    var optimizers = new ArrayList<dev.anabranch.core.Optimizer>();
    optimizers.add(me.lane().run("start", () -> me.model().optimizer(OptimizerSpec.sgd(0.1, 0))));
    for (var batch : data.shuffled(data.rows(), 4, 1, me.random("order"))) {
      var optimizer = optimizers.getFirst();
      var up = me.lane().run("head forward", () -> me.model().head().forward(batch));
      me.body().send(ACTIVATION, up);
      var down = me.body().receive(ACTIVATION);
      var result =
          me.lane()
              .run(
                  "tail",
                  () -> {
                    optimizer.zero();
                    return me.model().tail().lossAndGradient(down, batch);
                  });
      me.body().send(GRADIENT, down.withValues(result.gradient()));
      var back = me.body().receive(GRADIENT);
      me.lane()
          .run(
              "head backward",
              () -> {
                me.model().head().backward(batch, back.values());
                optimizer.step();
              });
    }
    var delta = me.lane().run("finish", () -> me.model().trainable().minus(global));
    me.coordinator().send(UPDATE, new Update(delta, data.size(), 0));
  }

  private static void serve(BodyHost me) {
    while (me.device().more()) {
      var in = me.device().receive(ACTIVATION);
      var block = me.lane().run("block", () -> me.model().block("body"));
      me.device()
          .send(ACTIVATION, in.withValues(me.lane().run("body forward", () -> block.forward(in))));
      var gradient = me.device().receive(GRADIENT);
      me.device()
          .send(
              GRADIENT,
              in.withValues(
                  me.lane().run("body backward", () -> block.backward(in, gradient.values()))));
    }
  }
}
