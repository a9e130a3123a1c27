package dev.anabranch.core;

import java.util.Set;

/**
 * Runs the programs of a method somewhere: on virtual threads here, as Spark tasks, or over gRPC.
 */
public interface Fabric {
  Set<Ability> abilities();

  /** Runs a method to its end, or from its last checkpoint. */
  <S> Outcome run(Method<S> method, Job job);
}
