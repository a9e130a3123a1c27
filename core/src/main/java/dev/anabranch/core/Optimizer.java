package dev.anabranch.core;

/**
 * Steps the trained variables of one party; holds its moments until it is closed. Called on a lane.
 */
public interface Optimizer extends AutoCloseable {
  /** Forgets the gradient. */
  void zero();

  /**
   * Adds the terms, clips, steps. A variable that no gradient has reached since {@link #zero} stays
   * as it is, as do its moments and its own count of steps. Gives the gradient's norm before
   * clipping.
   */
  double step();

  @Override
  void close();
}
