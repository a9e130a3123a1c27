package dev.anabranch.core;

import java.util.List;
import java.util.random.RandomGenerator;

/** Which devices take part in a round. */
public interface CohortPolicy {
  /** The cohort, in order of index, each device once. */
  List<NodeId> choose(Roster roster, int round, RandomGenerator random);
}
