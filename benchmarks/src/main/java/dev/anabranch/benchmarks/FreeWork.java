package dev.anabranch.benchmarks;

import dev.anabranch.core.Ability;
import dev.anabranch.core.Card;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.Device;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.RoundMethod;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.parts.UniformCohort;
import dev.anabranch.testkit.WholeModel;
import java.util.Set;

/**
 * Federated averaging whose devices send back what they were sent: all that a visit costs beside
 * its local work.
 *
 * @param payload what goes down and comes up
 */
record FreeWork(int rounds, int cohortSize, TensorMap payload)
    implements RoundMethod<TensorMap, TensorMap, Update>, WholeModel {
  @Override
  public Card card() {
    return new Card("free-work", Set.of(Ability.ONE_EXCHANGE));
  }

  @Override
  public CohortPolicy cohort() {
    return new UniformCohort(cohortSize);
  }

  @Override
  public Quorum quorum() {
    return new Quorum(cohortSize);
  }

  @Override
  public Topic<TensorMap> down() {
    return new Topic<>("model", Codecs.TENSORS);
  }

  @Override
  public Topic<Update> up() {
    return new Topic<>("update", Codecs.UPDATE);
  }

  @Override
  public TensorMap offer(TensorMap state, int round) {
    return payload;
  }

  @Override
  public Update work(Device me, TensorMap offer) {
    return new Update(offer, 1, me.model().trainable().specs().size());
  }

  @Override
  public TensorMap fold(TensorMap state, Replies<Update> replies) {
    replies.mean(payload.specs(), Update::delta, Update::examples).close();
    return state;
  }
}
