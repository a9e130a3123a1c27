package dev.anabranch.core;

/**
 * One end of a metered two-way connection. Not thread-safe: it belongs to the program that opened
 * it.
 */
public interface Link {
  NodeId peer();

  /** Starts the transfer and returns at once. The message is encoded before this returns. */
  <T> Sending post(Topic<T> topic, T message);

  /**
   * Blocks until the next message, which must be of this topic.
   *
   * @throws LinkLostException if the peer is gone
   */
  <T> T receive(Topic<T> topic);

  /**
   * Blocks until there is a message to receive (true) or the peer's program has ended well (false).
   */
  boolean more();

  default <T> void send(Topic<T> topic, T message) {
    post(topic, message).await();
  }
}
