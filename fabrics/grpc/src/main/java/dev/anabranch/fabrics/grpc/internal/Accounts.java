package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.common.Hop;
import dev.anabranch.fabrics.grpc.internal.proto.Flow;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** What crossed for one visit, all attempts together. Thread-safe. */
final class Accounts implements Tally {
  /** Messages and bytes of a hop. */
  record Crossed(int messages, long payload, long framing) {
    Crossed plus(Crossed other) {
      return new Crossed(
          messages + other.messages, payload + other.payload, framing + other.framing);
    }
  }

  /** The topic of what belongs to no message, such as a handshake. */
  static final String TRANSPORT = "(transport)";

  private final Map<Hop, Crossed> hops = new TreeMap<>();

  @Override
  public synchronized void crossed(
      NodeId from,
      NodeId to,
      String topic,
      int messages,
      long payloadBytes,
      long framingBytes,
      boolean again) {
    hops.merge(
        new Hop(from, to, topic.isEmpty() ? TRANSPORT : topic),
        new Crossed(messages, payloadBytes, framingBytes),
        Crossed::plus);
  }

  /** By hop; what belongs to no message stands under {@value #TRANSPORT}. */
  synchronized Map<Hop, Crossed> hops() {
    return new TreeMap<>(hops);
  }

  /** As a sealed visit keeps them. */
  List<Flow> flows() {
    return hops().entrySet().stream()
        .map(e ->
            Flow.newBuilder()
                .setFrom(e.getKey().from().toString())
                .setTo(e.getKey().to().toString())
                .setTopic(e.getKey().topic())
                .setMessages(e.getValue().messages())
                .setPayload(e.getValue().payload())
                .setFraming(e.getValue().framing())
                .build())
        .toList();
  }

  /** Adds what a sealed visit kept. */
  synchronized void add(List<Flow> flows) {
    for (var f : flows) {
      hops.merge(
          new Hop(NodeId.parse(f.getFrom()), NodeId.parse(f.getTo()), f.getTopic()),
          new Crossed(f.getMessages(), f.getPayload(), f.getFraming()),
          Crossed::plus);
    }
  }
}
