package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Charge;
import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Topic;
import dev.anabranch.fabrics.common.CoordinatorEnd;
import dev.anabranch.fabrics.common.Messages;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.ReadMessages;
import dev.anabranch.fabrics.common.Received;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * One end of a link within the process. Its own program sees the loss of the peer only where it
 * reads, so that what is sent, and charged, does not depend on threads. Belongs to one program.
 */
final class LocalLink implements CoordinatorEnd {
  /** Length of payload and of head, sequence number. */
  private static final int FRAME_HEADER = 16;

  private final Shared shared;
  private final Program me;
  private final NodeId peer;
  private final int round;
  private final Channel out;
  private final Channel in;
  private final Memory memory;
  private final Runnable taken;
  private final boolean poisoned;

  private final ReadMessages read = new ReadMessages();
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

  @Override
  public Link outer() {
    return outer;
  }

  @Override
  public @Nullable String lost() {
    return lost;
  }

  @Override
  public <T> Sending post(Topic<T> topic, T message) {
    check();
    if (lost != null) {
      throw new LinkLostException(peer, lost);
    }
    var codec = Messages.codec(shared.job, topic);
    var wire = Messages.encode(codec, poison(message), memory.scoped("out/" + topic.name()));
    return put(new Parcel(topic.name(), codec.id(), wire), false);
  }

  /** Sends what has been encoded for several links, unless this end knows that the peer is gone. */
  void postShared(Parcel parcel) {
    check();
    if (lost == null) {
      put(parcel, true);
    }
  }

  private Trace.Transfer transfer(Parcel parcel) {
    var wire = parcel.wire();
    long framing = wire.framingBytes() + utf8(parcel.codec()) + utf8(parcel.topic()) + FRAME_HEADER;
    shared.charge(
        new Charge.Wire(me.node, peer, parcel.topic(), round, wire.payloadBytes(), framing));
    return new Trace.Transfer(me.node, peer, wire.payloadBytes() + framing, false);
  }

  private static int utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }

  private Sending put(Parcel parcel, boolean common) {
    var transfer = transfer(parcel);
    me.trace.add(new Trace.Event.Post(transfer));
    shared.board.lock.lock();
    try {
      out.messages.add(new Channel.Message(parcel, common, transfer));
      shared.board.arrived(out);
    } finally {
      shared.board.lock.unlock();
    }
    return () -> me.trace.add(new Trace.Event.Leave(transfer));
  }

  @Override
  public <T> T receive(Topic<T> topic) {
    return read.add(take(topic));
  }

  @Override
  public <T> Received<T> take(Topic<T> topic) {
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
    return Messages.decode(
        topic,
        Messages.codec(shared.job, topic),
        peer,
        message.parcel(),
        message.shared(),
        memory.scoped("in/" + topic.name()));
  }

  private LinkLostException gone(String topic) {
    var end = Objects.requireNonNull(in.end);
    me.trace.add(new Trace.Event.Receive(end.transfer()));
    var why = end.lost() ? end.reason() : "its program ended without sending '" + topic + "'";
    lost = why;
    return new LinkLostException(peer, why);
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
      var end = Objects.requireNonNull(in.end);
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

  @Override
  public void refuse(String reason) {
    lost = reason;
    end(reason);
  }

  /** Frees what was received here, and what nobody will read. */
  void free() {
    read.free();
    drop();
  }

  /** Frees what nobody will read. */
  void drop() {
    shared.board.lock.lock();
    try {
      in.messages.stream().filter(m -> !m.shared()).forEach(m -> m.parcel().wire().close());
      in.messages.clear();
    } finally {
      shared.board.lock.unlock();
    }
  }

  private void check() {
    shared.board.check();
    Meter.refuseOnLane("link to " + peer + ": used");
    var cut = me.cutOff;
    if (cut != null) {
      throw new LinkLostException(peer, cut);
    }
  }

  private <T> T poison(T message) {
    if (me.losesAtFirstSend) {
      me.cutOff = "injected";
      throw new LinkLostException(peer, "injected");
    }
    return poisoned ? Messages.poisoned(message) : message;
  }
}
