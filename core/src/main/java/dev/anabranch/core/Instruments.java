package dev.anabranch.core;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a measurement may look at: a run seen from outside. What is read here is charged to nobody,
 * and no program can see it. Of the coordinator's thread.
 */
public interface Instruments {
  /** The round that has ended. */
  int round();

  /** All devices, in order. */
  List<NodeId> devices();

  /** What a device keeps under a key in its {@link Memory}; do not close it. */
  Optional<TensorMap> memory(NodeId device, String key);

  /** How trained variables do on the hold-out. */
  default Metrics evaluate(TensorMap trained) {
    return evaluate(trained, Map.of());
  }

  /**
   * How trained variables do on the hold-out.
   *
   * @param beside others of the state that they are compared with, by name
   */
  Metrics evaluate(TensorMap trained, Map<String, TensorMap> beside);

  /** The score of the run after this round. */
  void score(Metrics metrics);

  /** A number beside the score. */
  void report(String metric, double value);
}
