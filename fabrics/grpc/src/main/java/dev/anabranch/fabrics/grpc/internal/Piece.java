package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.grpc.internal.proto.Frame;

/**
 * A numbered frame that is to be sent.
 *
 * @param frame all of it but its acknowledgement
 * @param topic of the message that it is part of; empty for the end
 * @param payload bytes of it that stand for values
 * @param last whether it completes a message
 */
record Piece(Frame.Builder frame, String topic, int payload, boolean last) {
  /** What each frame counts for in the window beside its data. */
  static final int COST = 64;

  int cost() {
    return frame.getData().size() + COST;
  }
}
