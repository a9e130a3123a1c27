package dev.anabranch.core;

/** Told how a run goes on, for a person who watches. */
public interface Progress {
  Progress SILENT = new Progress() {};

  /** A visit ended, well or badly. */
  default void visit(int round, NodeId device, boolean lost) {}

  /**
   * A round ended.
   *
   * @param accuracy of the last score, NaN if there was none yet
   * @param bytes so far, both directions
   */
  default void round(int round, double accuracy, long bytes, double virtualSeconds) {}
}
