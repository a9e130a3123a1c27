package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import com.linecorp.armeria.server.grpc.GrpcService;
import dev.anabranch.fabrics.grpc.internal.proto.Order;
import dev.anabranch.fabrics.grpc.internal.proto.Report;
import java.util.Set;

/**
 * The coordinator's side of the transport: agents dial it. Any thread may call.
 *
 * <p>A link that is neither opened nor relayed here when an agent dials it is refused; so it is
 * opened before the agent is told of it.
 */
public interface Hub extends AutoCloseable {
  /** What an Armeria server mounts to make this hub reachable. */
  GrpcService service();

  /**
   * Drawn when this hub was made; an agent that meets another one knows the coordinator restarted.
   */
  ByteString epoch();

  /**
   * The coordinator's end of a link; {@code key.a()} is the coordinator.
   *
   * @throws IllegalStateException if it is open
   */
  Pipe open(LinkKey key, Spool spool, Tally tally);

  /**
   * Joins two agents' ends. Frames pass with at most {@link Limits#window} bytes held for each
   * direction, and are acknowledged to the sender when the receiver has. Both hops are told to the
   * tally: from the sender to the coordinator, and from the coordinator to the receiver.
   *
   * @throws IllegalStateException if it is open
   */
  Relay relay(LinkKey key, Tally tally);

  /** Who may do what; {@link #listen} and this are set before the server starts. */
  void authorise(Authoriser authoriser);

  void listen(AgentListener listener);

  /**
   * Puts an order on an agent's standing stream. Orders arrive once each and in order while both
   * processes live, also across connections.
   *
   * @return false if the agent does not attend, nor did within the grace period
   */
  boolean tell(String agent, Order order);

  /** Agents that attend now, or did within the grace period. */
  Set<String> attending();

  /** Whether an agent's standing stream is up at this moment. */
  boolean connected(String agent);

  /** Ends an agent's streams and links, such as one whose certificate was revoked. */
  void expel(String agent, String reason);

  /** Everything still open is lost. */
  @Override
  void close();

  /** A link that the coordinator passes on. */
  interface Relay extends AutoCloseable {
    LinkKey key();

    /** Traffic of one end's leg, seen from the coordinator. */
    Traffic traffic(dev.anabranch.core.NodeId end);

    /** Both ends meet a lost link with this reason. */
    void lose(String reason);

    @Override
    void close();
  }

  /** Hears what agents do. Calls about one agent come one after the other, and must not block. */
  interface AgentListener {
    /**
     * An agent attends.
     *
     * @param fresh false when it only came back after a cut: nothing was lost. True: it has just
     *     been started, or was away for longer than the grace period; orders told before are void
     */
    void attends(Identity who, boolean fresh);

    /** An agent has been away for longer than the grace period, or ended its stream. */
    void gone(String agent, String reason);

    void reported(String agent, Report report);
  }
}
