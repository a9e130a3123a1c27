package dev.anabranch.fabrics.common;

import dev.anabranch.core.NodeId;

/** A kind of message from one node to another. */
public record Hop(NodeId from, NodeId to, String topic) implements Comparable<Hop> {
  @Override
  public int compareTo(Hop other) {
    int byFrom = from.compareTo(other.from);
    int byTo = byFrom != 0 ? byFrom : to.compareTo(other.to);
    return byTo != 0 ? byTo : topic.compareTo(other.topic);
  }
}
