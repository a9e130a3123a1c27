package dev.anabranch.fabrics.grpc.internal;

/**
 * Limits what is handed to the network at once, so that a peer that reads slowly does not make
 * bytes pile up in this process. Belongs to the thread of a line.
 */
final class Burst {
  private static final int MOST = 1 << 20;

  private int handed;

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
    return handed < MOST;
  }
}
