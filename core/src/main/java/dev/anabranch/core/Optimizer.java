package dev.anabranch.core;

/**
 * Steps the trained variables of one party; holds its moments until it is closed. Called on a lane.
 */
public interface Optimizer extends AutoCloseable {
  /** Forgets the gradient. */
  void zero();

  /** Adds the terms, clips, steps. Gives the gradient's norm before clipping. */
  double step();

  @Override
  void close();
}
