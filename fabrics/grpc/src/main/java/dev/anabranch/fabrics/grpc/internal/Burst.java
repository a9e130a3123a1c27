package dev.anabranch.fabrics.grpc.internal;

import java.util.function.IntSupplier;

/**
 * Limits what is handed to the network at once, so that a peer that reads slowly does not make
 * bytes pile up in this process. Belongs to the thread of a line.
 */
final class Burst {
  static final int MOST = 1 << 20;

  private final IntSupplier most;
  private int handed;

  /**
   * @param most bytes; asked each time
   */
  Burst(IntSupplier most) {
    this.most = most;
  }

  void sent(int bytes) {
    handed += bytes;
  }

  /**
   * @param empty whether everything handed over before has gone
   */
  boolean ready(boolean empty) {
    if (empty) {
      handed = 0;
    }
    return handed < most.getAsInt();
  }
}
