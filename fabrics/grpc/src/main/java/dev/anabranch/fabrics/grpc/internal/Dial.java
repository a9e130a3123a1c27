package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;

/** An agent's side of the transport: it dials the hub and keeps dialling. Any thread may call. */
public interface Dial extends AutoCloseable {
  /** Starts the standing stream; it is kept up until this is closed. Called once. */
  void attend(OrderListener listener);

  /**
   * Puts a report on the standing stream. Reports arrive once each and in order while both
   * processes live; those to an epoch that is over are dropped.
   */
  void report(Report report);

  /**
   * Opens an end of a link and returns at once; it connects in the background.
   *
   * @param end which end this is
   */
  Pipe open(LinkKey key, NodeId end, Spool spool);

  /** Everything still open is lost. */
  @Override
  void close();

  /** Hears what the coordinator says. Calls come one after the other, and must not block. */
  interface OrderListener {
    /**
     * The standing stream is up.
     *
     * @param epoch of the coordinator
     * @param fresh false when the line was only cut: nothing was lost. True: the coordinator has
     *     been restarted or had given this agent up; reports before are void, and so is what an
     *     older epoch has ordered
     */
    void attending(ByteString epoch, boolean fresh);

    void ordered(Order order);

    /** The line is cut; it is being dialled again. */
    void cut(String reason);

    /**
     * The hub will not have this agent, such as one whose certificate is revoked. It is not dialled
     * again.
     */
    void refused(String reason);
  }
}
