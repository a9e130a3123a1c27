package dev.anabranch.core;

import java.util.Collection;
import java.util.List;
import java.util.Optional;

/**
 * One visit per invited device. Closing joins them all: no program outlives the block that invited
 * it.
 */
public interface Visits extends AutoCloseable {
  /** Links to the devices, in device order. */
  List<Link> links();

  /** Encoded once, charged per link. */
  <T> void sendAll(Topic<T> topic, T message);

  /**
   * As {@link #sendAll}, to some of the devices. The topic's codec may be set for this message, as
   * long as the receiver's reads what it writes.
   */
  <T> void send(Collection<NodeId> devices, Topic<T> topic, T message);

  /** As {@link #sendAll}, to the body's program of each visit. */
  <T> void sendBodies(Topic<T> topic, T message);

  /**
   * One reply from each device, in device order, read as they are asked for. A device that is lost,
   * or whose message is refused, is named in {@link Replies#lost()}.
   */
  <T> Replies<T> gather(Topic<T> topic, Quorum quorum);

  /**
   * One reply from the body's program of each visit whose device was not lost; call it after {@link
   * #gather}.
   */
  <T> Replies<T> gatherBodies(Topic<T> topic, Quorum quorum);

  /**
   * What a visit cost, as clock and meters have it; empty if it was lost.
   *
   * @throws IllegalStateException before {@link #close}
   */
  Optional<VisitCost> cost(NodeId device);

  @Override
  void close();
}
