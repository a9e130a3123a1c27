package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Status;

/** One stream of a connection, while it lasts. {@code send} and {@code ready} on its own thread. */
interface Line {
  /** Runs something on the thread of this line, later. */
  void execute(Runnable task);

  /** Sends a frame; its bytes have been copied when this returns. */
  void send(Frame frame);

  /** Whether what was sent before has gone on its way, so that more does not pile up here. */
  boolean ready();

  /** Whether the connection is encrypted. */
  boolean secure();

  /** Ends the stream for good. Any thread. */
  void abort(Status status);

  /** Says that nothing more will be sent: everything has been, and has been acknowledged. */
  void finish();
}
