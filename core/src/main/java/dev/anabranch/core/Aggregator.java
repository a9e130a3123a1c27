package dev.anabranch.core;

/** Folds updates one by one, so that a thousand of them never sit in memory together. */
public interface Aggregator<U, R> {
  Fold<U, R> start(R current);

  /** An aggregation under way. Not thread-safe. */
  interface Fold<U, R> {
    /** Adds an update; {@code from} must increase. The update may be freed when this returns. */
    void add(NodeId from, U update, double weight);

    /** Joins the fold of later devices onto this one, as if they had been added here. */
    Fold<U, R> merge(Fold<U, R> next);

    R finish();
  }
}
