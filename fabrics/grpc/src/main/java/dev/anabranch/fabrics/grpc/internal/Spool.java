package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.fabrics.common.Parcel;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Where the messages that come in on one pipe come to lie. One thread calls at a time, which may
 * block: a frame is acknowledged when it has been taken, and until then the peer is held back.
 */
public interface Spool {
  /**
   * A message begins; its lengths have been checked against the pipe's limits, nothing of it has
   * been allocated.
   *
   * @throws InterruptedException if the pipe is lost while this waits for room
   */
  Incoming begin(String topic, String codec, long headBytes, long bodyBytes)
      throws InterruptedException;

  /**
   * The peer has said that nothing follows. Its end is acknowledged when this returns.
   *
   * @param reason null: ended well
   */
  void ended(@Nullable String reason);

  /** A message on its way in. */
  interface Incoming {
    /** The next bytes of the head, valid during the call; together as many as were declared. */
    void head(MemorySegment bytes);

    /** The next bytes of the body, after all of the head. */
    void body(MemorySegment bytes);

    /** The message is complete. Its last frame is acknowledged when this returns. */
    Arrival whole();

    /** The pipe is lost before the message was complete. */
    void abandon();
  }

  /** A whole message that waits to be received. Exactly one of the two is called. */
  interface Arrival {
    Parcel open();

    /** The pipe was closed before the message was received. */
    void discard();
  }
}
