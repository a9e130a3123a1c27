package dev.anabranch.methods.gossip;

import dev.anabranch.core.Instruments;
import dev.anabranch.core.Metrics;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TreeMean;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The agents as a measurement sees them: those that took part in the merge once there was one,
 * before it all that have trained.
 *
 * @param variables by agent, in order
 */
record Agents(Map<NodeId, TensorMap> variables) {
  /** Where an agent keeps its variables. */
  static final String VARIABLES = "variables";

  /** Where it keeps that it has been merged. */
  static final String MERGED = "merged";

  static Agents of(Instruments look) {
    var merged = new LinkedHashMap<NodeId, TensorMap>();
    var all = new LinkedHashMap<NodeId, TensorMap>();
    for (var device : look.devices()) {
      look.memory(device, VARIABLES)
          .ifPresent(v -> {
            all.put(device, v);
            if (look.memory(device, MERGED).isPresent()) {
              merged.put(device, v);
            }
          });
    }
    return new Agents(merged.isEmpty() ? all : merged);
  }

  /** θ̄, the mean over the agents. */
  TensorMap mean() {
    var fold = new TreeMean().start(TensorMap.empty());
    variables.forEach((agent, theta) -> fold.add(agent, theta, 1));
    return fold.finish();
  }

  /**
   * Scores a round: the mean over the agents of their accuracy on the common hold-out, which is the
   * run's; beside it that of θ̄, merged or not, and Ξ² = (1/m) Σ ‖θ_k − θ̄‖². Agents that are alike
   * are looked at once.
   */
  void measure(Instruments look) {
    if (variables.isEmpty()) {
      return;
    }
    double accuracy = 0;
    double loss = 0;
    double apart = 0;
    int examples = 0;
    int m = variables.size();
    var seen = new HashMap<String, Metrics>();
    try (var mean = mean()) {
      for (var theta : variables.values()) {
        var score = seen.computeIfAbsent(theta.sha256(), hash -> look.evaluate(theta));
        accuracy += score.accuracy() / m;
        loss += score.loss() / m;
        examples = score.examples();
        apart += Exchange.squaredDistance(theta, mean) / m;
      }
      var merged = seen.computeIfAbsent(mean.sha256(), hash -> look.evaluate(mean));
      look.score(new Metrics(accuracy, loss, examples));
      look.report("mergedAccuracy", merged.accuracy());
      look.report("mergedLoss", merged.loss());
      look.report("mergedGain", merged.accuracy() - accuracy);
      look.report("consensusDistance", apart);
    }
  }
}
