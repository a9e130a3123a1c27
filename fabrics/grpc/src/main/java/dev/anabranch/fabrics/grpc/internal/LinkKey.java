package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;

/**
 * Names one link of one attempt of a visit, from end to end.
 *
 * @param run the run's id, 1 to 200 characters
 * @param visit the index of the device whose visit it is; of a link between two devices the smaller
 *     one
 * @param attempt 0 for the first
 * @param a the end that comes first in the order of nodes; the coordinator if it is one
 */
public record LinkKey(String run, int round, int visit, int attempt, NodeId a, NodeId b) {
  public LinkKey {
    if (run.isEmpty() || run.length() > 200) {
      throw new IllegalArgumentException("run: '" + run + "' (expected: 1 to 200 characters)");
    }
    if (round < 0 || visit < 0 || attempt < 0) {
      throw new IllegalArgumentException(
          "link: round "
              + round
              + ", visit "
              + visit
              + ", attempt "
              + attempt
              + " (expected: >= 0)");
    }
    if (a.compareTo(b) >= 0) {
      throw new IllegalArgumentException(
          "link: " + a + " to " + b + " (expected: two nodes, the smaller one first)");
    }
  }

  /** The key of a link between two nodes, in any order. */
  public static LinkKey between(
      String run, int round, int visit, int attempt, NodeId one, NodeId other) {
    return one.compareTo(other) < 0
        ? new LinkKey(run, round, visit, attempt, one, other)
        : new LinkKey(run, round, visit, attempt, other, one);
  }

  /** The end that {@code node} is not. */
  public NodeId other(NodeId node) {
    return node.equals(a) ? b : a;
  }

  @Override
  public String toString() {
    return "run %s, round %d, visit %d, attempt %d, %s to %s"
        .formatted(run, round, visit, attempt, a, b);
  }
}
