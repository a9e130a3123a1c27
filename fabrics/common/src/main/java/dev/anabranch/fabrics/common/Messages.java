package dev.anabranch.fabrics.common;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Job;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;

/** Between messages and parcels, alike at both ends of a link. */
public final class Messages {
  private Messages() {}

  /** The codec of a topic, with the values' codec that the plan names for it. */
  public static <T> Codec<T> codec(Job job, Topic<T> topic) {
    var values = job.codecs().get(topic.name());
    return values == null ? topic.codec() : topic.over(values).codec();
  }

  /** A message as it crosses; the caller closes it. */
  public static <T> Wire encode(Codec<T> codec, T message, Memory memory) {
    long values =
        switch (message) {
          case Update u -> u.delta().data().byteSize();
          case TensorMap m -> m.data().byteSize();
          case Hidden h -> h.values().data().byteSize();
          case Tensor t -> t.data().byteSize();
          default -> 64;
        };
    var out = new WireOut(codec.fidelity() == Fidelity.EXACT ? values : values / 4);
    codec.encode(message, out, memory);
    return out.finish();
  }

  /**
   * Reads a message.
   *
   * @param shared whether somebody else frees its bytes
   * @throws WireException if it is not of this topic, was written by another codec, or is none
   */
  public static <T> Received<T> decode(
      Topic<T> topic, Codec<T> codec, NodeId peer, Parcel parcel, boolean shared, Memory memory) {
    if (!parcel.topic().equals(topic.name())) {
      throw new WireException(
          "topic from " + peer + ": '" + parcel.topic() + "' (expected: '" + topic.name() + "')");
    }
    if (!codec.id().equals(parcel.codec())) {
      throw new WireException(
          "codec of '"
              + topic.name()
              + "' from "
              + peer
              + ": "
              + parcel.codec()
              + " (expected: "
              + codec.id()
              + ")");
    }
    var in = parcel.wire().open();
    T value = codec.decode(in, memory);
    in.end();
    if (parcel.wire().body().isMapped()) {
      parcel.wire().body().unload(); // it lies in a file; a view reads it again where it is touched
    }
    return new Received<>(value, parcel.wire(), shared);
  }

  /** An update of NaN in place of an update, as a fault wants it; any other message as it is. */
  @SuppressWarnings("unchecked")
  public static <T> T poisoned(T message) {
    if (!(message instanceof Update u)) {
      return message;
    }
    var nan = TensorMap.zeros(u.delta().specs());
    for (long i = 0; i < nan.elements(); i++) {
      nan.data().setAtIndex(Tensor.FLOAT, i, Float.NaN);
    }
    return (T) new Update(nan, u.examples(), u.loss(), u.notes());
  }
}
