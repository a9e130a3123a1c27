package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.fabrics.common.Parcel;
import org.jspecify.annotations.Nullable;

/**
 * One end of a reliable, ordered, flow-controlled stream of messages in both directions. It
 * outlives the connections that carry it, until the grace period is over.
 *
 * <p>Any thread may call; {@link #receive} and {@link #more} belong to one thread at a time.
 */
public interface Pipe extends AutoCloseable {
  LinkKey key();

  /** The other end. */
  NodeId peer();

  /**
   * Queues a message and returns. It waits only while more than {@link Limits#queued} bytes posted
   * before are not yet acknowledged.
   *
   * @param parcel is closed by the pipe, once it has been acknowledged or the pipe is over
   * @return whose {@code await} returns once the peer has taken the message whole
   * @throws LinkLostException if the pipe is lost or has been ended, here and from {@code await}
   */
  Sending post(Parcel parcel);

  /**
   * Blocks until the next message, which the caller closes.
   *
   * @throws LinkLostException if the peer is gone or has ended the link, with its reason
   */
  Parcel receive();

  /**
   * Blocks until there is a message to receive (true) or the peer has ended the link well (false).
   *
   * @throws LinkLostException if the peer is gone or has ended the link badly
   */
  boolean more();

  /**
   * Says that nothing follows. Everything posted before is still delivered; {@code await} of the
   * result returns once the peer has taken that and the end.
   *
   * @param reason null: ended well; otherwise why not, which the peer's program meets as a lost
   *     link
   */
  Sending end(@Nullable String reason);

  /**
   * Gives the link up at once on this side: what waits in {@link #post}, {@link #receive}, {@link
   * #more} or {@code await} fails with this reason, and so does the peer when it can be reached.
   */
  void lose(String reason);

  /** Bytes that have crossed in each direction so far, and when something last did. */
  Traffic traffic();

  /**
   * Frees what the pipe holds. A pipe that has not been ended on both sides is lost. Closing twice
   * does nothing.
   */
  @Override
  void close();
}
