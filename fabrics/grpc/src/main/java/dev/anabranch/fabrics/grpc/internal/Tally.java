package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;

/**
 * Is told of everything that crosses at the coordinator, while it crosses. Called by the threads of
 * the transport, by several at once, and must not block.
 */
@FunctionalInterface
public interface Tally {
  Tally NONE = (from, to, topic, messages, payload, framing, again) -> {};

  /**
   * Bytes that crossed one hop.
   *
   * @param topic of the message; empty for what belongs to none, such as a handshake
   * @param messages 1 with the last frame of a message, else 0
   * @param payloadBytes that stand for values
   * @param framingBytes everything else: the message's head, the frame, gRPC, HTTP/2 and TLS, and
   *     the acknowledgement that crosses the other way
   * @param again whether these bytes had crossed before
   */
  void crossed(
      NodeId from,
      NodeId to,
      String topic,
      int messages,
      long payloadBytes,
      long framingBytes,
      boolean again);
}
