package dev.anabranch.fabrics.grpc;

/** Makes what an agent runs out of a plan and the agent's own data. Called from any thread. */
@FunctionalInterface
public interface RunWiring {
  /**
   * Method and surroundings of a run. Only what this agent plays has to be there: for a device its
   * own shard at its index, for a body the engine.
   *
   * @param run the run's id
   * @param plan the resolved plan, as YAML
   * @throws dev.anabranch.core.AnabranchException if the agent cannot or will not take part; its
   *     text is told to the coordinator
   */
  Wired wire(String run, String plan);
}
