package dev.anabranch.core;

/**
 * Local training. A zeroth-order solver is a solver of a plain {@link Objective}. Called on a lane.
 */
public interface LocalSolver<O extends Objective> {
  LocalReport solve(O objective, Iterable<Batch> batches);
}
