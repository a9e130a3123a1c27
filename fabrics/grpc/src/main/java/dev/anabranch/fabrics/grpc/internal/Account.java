package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.NodeId;

/** What has crossed one leg, and who is told of it. Guarded by the lock of its leg. */
final class Account {
  private final NodeId near;
  private final NodeId far;
  private final Tally tally;
  private long payloadSent;
  private long framingSent;
  private long payloadReceived;
  private long framingReceived;
  private long acknowledged;
  private long taken;
  private long resent;

  Account(NodeId near, NodeId far, Tally tally) {
    this.near = near;
    this.far = far;
    this.tally = tally;
  }

  /** A numbered frame has been sent. */
  void sent(Piece piece, int size, boolean secure, boolean again) {
    long framing = Overhead.onWire(size, secure) - piece.payload();
    payloadSent += piece.payload();
    framingSent += framing;
    resent += again ? piece.payload() + framing : 0;
    int messages = piece.last() ? 1 : 0;
    tally.crossed(near, far, piece.topic(), messages, piece.payload(), framing, again);
  }

  /** An acknowledgement has been sent; it belongs to what came from the other side. */
  void sentAcknowledgement(int size, boolean secure) {
    long framing = Overhead.onWire(size, secure);
    framingSent += framing;
    tally.crossed(far, near, "", 0, 0, framing, false);
  }

  /** The next numbered frame has come. */
  void received(Received frame, Sections.Part part, boolean secure) {
    long framing = Overhead.onWire(frame.wireBytes(), secure) - part.body();
    payloadReceived += part.body();
    framingReceived += framing;
    int messages = part.last() ? 1 : 0;
    tally.crossed(far, near, part.topic(), messages, part.body(), framing, false);
  }

  /** An acknowledgement has come, or a frame that was here before. */
  void receivedBeside(Received frame, boolean secure) {
    long framing = Overhead.onWire(frame.wireBytes(), secure);
    framingReceived += framing;
    if (frame.number() == 0) {
      tally.crossed(near, far, "", 0, 0, framing, false);
    } else {
      tally.crossed(far, near, "", 0, 0, framing, true);
    }
  }

  void acknowledged(int cost) {
    acknowledged += cost;
  }

  void taken(int cost) {
    taken += cost;
  }

  Traffic traffic() {
    return new Traffic(
        payloadSent, framingSent, payloadReceived, framingReceived, acknowledged, taken, resent);
  }
}
