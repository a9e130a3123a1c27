package dev.anabranch.testkit;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Device;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import java.util.Set;

/** Plain federated averaging, to test the fabric with. */
@Folklore("averaging")
public record Star(int rounds, Quorum quorum, CohortPolicy cohort)
    implements RoundMethod<TensorMap, TensorMap, Update>, WholeModel {
  public static final Topic<TensorMap> MODEL = new Topic<>("model", Codecs.TENSORS);
  public static final Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);

  public static Star of(int rounds) {
    return new Star(rounds, new Quorum(1), (roster, round, random) -> roster.devices());
  }

  @Override
  public Card card() {
    return new Card("star", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public Topic<TensorMap> down() {
    return MODEL;
  }

  @Override
  public Topic<Update> up() {
    return UPDATE;
  }

  @Override
  public TensorMap offer(TensorMap state, int round) {
    return state;
  }

  @Override
  public Update work(Device me, TensorMap global) {
    var model = me.model();
    model.trainable().load(global);
    var data = me.data();
    try (var optimizer = model.optimizer(OptimizerSpec.sgd(0.1, 0))) {
      var report =
          new GradientSolver(optimizer)
              .solve(model.route(), data.shuffled(data.rows(), 4, 1, me.random("order")));
      return new Update(model.trainable().minus(global), report.examples(), report.loss());
    }
  }

  @Override
  public TensorMap fold(TensorMap state, Replies<Update> replies) {
    return state.plus(replies.mean(state.specs(), Update::delta, Update::examples));
  }
}
