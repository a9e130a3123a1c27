package dev.anabranch.core;

import java.util.random.RandomGenerator;

/** What every program may do, wherever it runs. */
public interface Node {
  NodeId id();

  Lane lane();

  /** Keyed by (run seed, node, round, use): equal on every fabric. */
  RandomGenerator random(String use);

  /** As {@link #random(String)}, for programs that span rounds. */
  RandomGenerator random(String use, int round);

  /**
   * Keyed by (run seed, round, use) alone: all parties of a round draw the same, without a message.
   */
  RandomGenerator common(String use);
}
