package dev.anabranch.parts;

import dev.anabranch.core.Check;
import java.util.random.RandomGenerator;

/** Who mixes with whom: a mixing matrix for every round. */
public interface Topology {
  /**
   * W of one round.
   *
   * @param agents m, at least 1
   * @param common a stream from which every agent draws the same
   */
  Mixing mixing(int agents, RandomGenerator common);

  /**
   * Throws unless this can be used among so many agents: they can all learn from one another in the
   * long run.
   *
   * @throws dev.anabranch.core.AnabranchException if not
   */
  void require(int agents);

  /** Throws unless a matrix that is the same in every round is connected. */
  static void requireConnected(String name, Mixing mixing) {
    Check.that(
        mixing.connected(),
        name,
        "not connected among " + mixing.agents() + " devices",
        "a way from every device to every other; add edges");
  }
}
