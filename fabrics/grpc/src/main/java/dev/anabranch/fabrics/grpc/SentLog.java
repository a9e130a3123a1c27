package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.NodeId;

/** Is told of every message that leaves an agent, for its owner. Called from any thread. */
@FunctionalInterface
public interface SentLog {
  /** Tells nobody. */
  SentLog NONE = (run, round, from, to, topic, bytes) -> {};

  /**
   * A message was posted.
   *
   * @param bytes payload and head, without the transport's
   */
  void sent(String run, int round, NodeId from, NodeId to, String topic, long bytes);
}
