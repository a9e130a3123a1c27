package dev.anabranch.methods;

import dev.anabranch.core.Codecs;
import dev.anabranch.core.CohortPolicy;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Quorum;
import dev.anabranch.core.Replies;
import dev.anabranch.core.Setup;
import dev.anabranch.core.StarMethod;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.TrainedState;
import dev.anabranch.core.Update;
import java.util.function.ToDoubleBiFunction;

/**
 * The coordinator's half that many methods share: the state is the trained variables themselves;
 * they go down, what changed comes up, and the mean is added.
 */
public interface Averaging extends StarMethod<TensorMap, TensorMap, Update>, TrainedState {
  Topic<TensorMap> GLOBAL = new Topic<>("global", Codecs.TENSORS);
  Topic<Update> UPDATE = new Topic<>("update", Codecs.UPDATE);

  Training training();

  /** Whether a device counts by its examples, or all alike. */
  boolean weighted();

  @Override
  default TensorMap begin(Setup setup) {
    return setup.initialTrainable(NodeId.Role.DEVICE);
  }

  @Override
  default TensorMap offer(TensorMap global, int round) {
    return global;
  }

  @Override
  default TensorMap fold(TensorMap global, Replies<Update> replies) {
    return add(global, replies, weighted());
  }

  /** w_{t+1} = w_t + Σ (n_k / n) Δ_k, or with equal weights. The old variables are freed. */
  static TensorMap add(TensorMap global, Replies<Update> replies, boolean weighted) {
    return add(global, replies, (from, update) -> weighted ? update.examples() : 1);
  }

  /** The same with weights of the caller's. */
  static TensorMap add(
      TensorMap global, Replies<Update> replies, ToDoubleBiFunction<NodeId, Update> weight) {
    try (global) {
      return replies.mean(global.specs(), Update::delta, weight).addedTo(global);
    }
  }

  @Override
  default int rounds() {
    return training().rounds();
  }

  @Override
  default CohortPolicy cohort() {
    return training().cohort();
  }

  @Override
  default Quorum quorum() {
    return training().quorum();
  }

  @Override
  default Topic<TensorMap> down() {
    return GLOBAL;
  }

  @Override
  default Topic<Update> up() {
    return UPDATE;
  }
}
