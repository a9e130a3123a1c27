package dev.anabranch.core;

import java.util.List;

/**
 * One visit per invited device. Closing joins them all: no program outlives the block that invited
 * it.
 */
public interface Visits extends AutoCloseable {
  /** Links to the devices, in device order. */
  List<Link> links();

  /** Encoded once, charged per link. */
  <T> void sendAll(Topic<T> topic, T message);

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

  @Override
  void close();
}
