package dev.anabranch.core;

/**
 * Turns a message into bytes and back. One object serves many links and threads: what it must
 * remember lives in {@link Memory}.
 *
 * <p>Bytes that stand for values are payload; names, shapes, counts and ids are framing. Both are
 * charged, apart.
 */
public interface Codec<T> {
  /** Name, knobs and wire version, such as {@code topk(0.01)/1}: the first bytes of a message. */
  String id();

  Fidelity fidelity();

  /**
   * Writes a message.
   *
   * @param memory what this codec remembers on this link for this topic, such as error feedback
   */
  void encode(T message, WireOut out, Memory memory);

  /**
   * Reads a message. Lengths are checked before anything is allocated.
   *
   * @throws WireException if the bytes are not such a message
   */
  T decode(WireIn in, Memory memory);

  /**
   * The same message form with its tensors written by another codec; messages without tensors stay
   * as they are.
   */
  default Codec<T> over(Codec<Tensor> values) {
    return this;
  }
}
