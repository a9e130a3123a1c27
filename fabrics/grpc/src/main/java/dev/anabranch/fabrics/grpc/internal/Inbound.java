package dev.anabranch.fabrics.grpc.internal;

/** What a message of a stream turned out to be. */
sealed interface Inbound permits Received, Inbound.Malformed {
  /** Bytes that are no frame. */
  record Malformed(String reason) implements Inbound {}
}
