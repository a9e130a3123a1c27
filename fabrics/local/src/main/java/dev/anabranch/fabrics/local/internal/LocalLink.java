package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Charge;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Update;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireOut;
import java.lang.ref.WeakReference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One end of a link within the process. Its own program sees the loss of the peer only where it
 * reads, so that what is sent, and charged, does not depend on threads. Belongs to one program.
 */
final class LocalLink implements Link {
  /** Length of payload and of head, sequence number. */
  private static final int FRAME_HEADER = 16;

  /** A message as a program got it; freeing it ends its views. */
  record Received<T>(T value, Wire wire, boolean shared) {
    void free() {
      switch (value) {
        case Update u -> u.close();
        case TensorMap m -> m.close();
        case Hidden h -> h.values().close();
        case Tensor t -> t.close();
        default -> {}
      }
      if (!shared) {
        wire.close();
      }
    }
  }

  private final Shared shared;
  private final Program me;
  private final NodeId peer;
  private final int round;
  private final Channel out;
  private final Channel in;
  private final Memory memory;
  private final Runnable taken;
  private final boolean poisoned;

  /** Held weakly: a split visit receives a thousand messages and needs each for a moment. */
  private final List<WeakReference<Received<?>>> received = new ArrayList<>(2);

  private final Link outer;
  private @Nullable String lost;

  /**
   * @param memory of this program
   * @param taken told, under the lock, that a message was taken
   * @param poisoned whether updates turn to NaN
   */
  LocalLink(
      Shared shared,
      Program me,
      int round,
      Channel out,
      Channel in,
      Memory memory,
      Runnable taken,
      boolean poisoned) {
    this.shared = shared;
    this.me = me;
    this.peer = out.to;
    this.round = round;
    this.out = out;
    this.in = in;
    this.memory = memory.scoped("~link/" + peer);
    this.taken = taken;
    this.poisoned = poisoned;
    this.outer = shared.wrap.apply(this);
    in.reader = me;
  }

  @Override
  public NodeId peer() {
    return peer;
  }

  /** This end as its program sees it. */
  Link outer() {
    return outer;
  }

  /** Why the peer is gone, as far as this end has seen. */
  @Nullable String lost() {
    return lost;
  }

  @Override
  public <T> Sending post(Topic<T> topic, T message) {
    check();
    if (lost != null) {
      throw new LinkLostException(peer, lost);
    }
    var codec = codec(shared, topic);
    var wire = encode(codec, poison(message), memory.scoped("out/" + topic.name()));
    return put(
        new Channel.Message(
            topic.name(), codec.id(), wire, false, transfer(codec.id(), topic.name(), wire)));
  }

  /** Sends what has been encoded for several links, unless this end knows that the peer is gone. */
  void postShared(String topic, String codec, Wire wire) {
    check();
    if (lost == null) {
      put(new Channel.Message(topic, codec, wire, true, transfer(codec, topic, wire)));
    }
  }

  private Trace.Transfer transfer(String codec, String topic, Wire wire) {
    long framing = wire.framingBytes() + utf8(codec) + utf8(topic) + FRAME_HEADER;
    shared.charge(new Charge.Wire(me.node, peer, topic, round, wire.payloadBytes(), framing));
    return new Trace.Transfer(me.node, peer, wire.payloadBytes() + framing, false);
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private Sending put(Channel.Message message) {
    var transfer = message.transfer();
    me.trace.add(new Trace.Event.Post(transfer));
    shared.board.lock.lock();
    try {
      out.messages.add(message);
      shared.board.arrived(out);
    } finally {
      shared.board.lock.unlock();
    }
    return () -> me.trace.add(new Trace.Event.Leave(transfer));
  }

  @Override
  public <T> T receive(Topic<T> topic) {
    var got = take(topic);
    received.add(new WeakReference<>(got));
    return got.value();
  }

  /** As {@link #receive}; the caller frees it. */
  <T> Received<T> take(Topic<T> topic) {
    check();
    Channel.Message message;
    shared.board.lock.lock();
    try {
      shared.board.await(me, in, "'" + topic.name() + "' from " + peer);
      message = in.messages.poll();
      if (message == null) {
        throw gone(topic.name());
      }
      taken.run();
    } finally {
      shared.board.lock.unlock();
    }
    me.trace.add(new Trace.Event.Receive(message.transfer()));
    return decode(topic, message);
  }

  private LinkLostException gone(String topic) {
    var end = java.util.Objects.requireNonNull(in.end);
    me.trace.add(new Trace.Event.Receive(end.transfer()));
    var why = end.lost() ? end.reason() : "its program ended without sending '" + topic + "'";
    lost = why;
    return new LinkLostException(peer, why);
  }

  private <T> Received<T> decode(Topic<T> topic, Channel.Message message) {
    if (!message.topic().equals(topic.name())) {
      throw new IllegalStateException(
          "topic from " + peer + ": '" + message.topic() + "' (expected: '" + topic.name() + "')");
    }
    var codec = codec(shared, topic);
    if (!codec.id().equals(message.codec())) {
      throw new IllegalStateException(
          "codec of '"
              + topic.name()
              + "' from "
              + peer
              + ": "
              + message.codec()
              + " (expected: "
              + codec.id()
              + ")");
    }
    var in = message.wire().open();
    T value = codec.decode(in, memory.scoped("in/" + topic.name()));
    in.end();
    return new Received<>(value, message.wire(), message.shared());
  }

  @Override
  public boolean more() {
    check();
    shared.board.lock.lock();
    try {
      shared.board.await(me, in, "more from " + peer);
      var next = in.messages.peek();
      if (next != null) {
        me.trace.add(new Trace.Event.Receive(next.transfer()));
        return true;
      }
      var end = java.util.Objects.requireNonNull(in.end);
      me.trace.add(new Trace.Event.Receive(end.transfer()));
      if (end.lost()) {
        lost = end.reason();
        throw new LinkLostException(peer, end.reason());
      }
      return false;
    } finally {
      shared.board.lock.unlock();
    }
  }

  /** This end has nothing more to say; the peer sees it when it has read what was sent. */
  void end(@Nullable String reason) {
    shared.board.lock.lock();
    try {
      if (out.end == null) {
        var mark = new Trace.Transfer(me.node, peer, 0, true);
        me.trace.add(new Trace.Event.Post(mark));
        out.end = new Channel.End(reason != null, reason == null ? "" : reason, mark);
        shared.board.arrived(out);
      }
    } finally {
      shared.board.lock.unlock();
    }
  }

  /** The peer's message was refused: it counts as gone. */
  void refuse(String reason) {
    lost = reason;
    end(reason);
  }

  /** Frees what was received here, and what nobody will read. */
  void free() {
    for (var reference : received) {
      var one = reference.get();
      if (one != null) {
        one.free();
      }
    }
    received.clear();
    drop();
  }

  /** Frees what nobody will read. */
  void drop() {
    shared.board.lock.lock();
    try {
      in.messages.stream().filter(m -> !m.shared()).forEach(m -> m.wire().close());
      in.messages.clear();
    } finally {
      shared.board.lock.unlock();
    }
  }

  private void check() {
    shared.board.check();
    if (Meter.onLane()) {
      throw new IllegalStateException(
          "link to " + peer + ": used on a lane (expected: outside of lane work)");
    }
    var cut = me.cutOff;
    if (cut != null) {
      throw new LinkLostException(peer, cut);
    }
  }

  @SuppressWarnings("unchecked")
  private <T> T poison(T message) {
    if (me.losesAtFirstSend) {
      me.cutOff = "injected";
      throw new LinkLostException(peer, "injected");
    }
    if (!poisoned || !(message instanceof Update u)) {
      return message;
    }
    var nan = TensorMap.zeros(u.delta().specs());
    for (long i = 0; i < nan.elements(); i++) {
      nan.data().setAtIndex(Tensor.FLOAT, i, Float.NaN);
    }
    return (T) new Update(nan, u.examples(), u.loss(), u.notes());
  }

  static <T> Codec<T> codec(Shared shared, Topic<T> topic) {
    var values = shared.job.codecs().get(topic.name());
    return values == null ? topic.codec() : topic.over(values).codec();
  }

  static <T> Wire encode(Codec<T> codec, T message, Memory memory) {
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
}
