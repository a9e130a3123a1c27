package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Link;
import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Topic;
import dev.anabranch.fabrics.common.Messages;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.ReadMessages;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A device's or body's end of a link, in one attempt. A broken line ends the attempt, and the
 * program sees nothing of it; it sees only what the peer's program or the coordinator has said.
 * Belongs to one program.
 */
final class AgentLink implements Link {
  private final Attempt attempt;
  private final NodeId peer;
  private final Memory memory;
  private final EndNote note;
  private final @Nullable Pipe pipe;

  private final ReadMessages read = new ReadMessages();
  private @Nullable String lost;

  /**
   * @param pipe null if the peer is gone for good, as the note says
   */
  AgentLink(Attempt attempt, NodeId peer, Memory memory, EndNote note, @Nullable Pipe pipe) {
    this.attempt = attempt;
    this.peer = peer;
    this.memory = memory.scoped("~link/" + peer);
    this.note = note;
    this.pipe = pipe;
  }

  @Override
  public NodeId peer() {
    return peer;
  }

  @Override
  public <T> Sending post(Topic<T> topic, T message) {
    check();
    if (lost != null) {
      throw new LinkLostException(peer, lost);
    }
    var codec = Messages.codec(attempt.job(), topic);
    var wire = Messages.encode(codec, poison(message), memory.scoped("out/" + topic.name()));
    if (pipe == null) {
      wire.close();
      return Sending.NONE; // seen where it is read, as everywhere
    }
    attempt.sent(peer, topic.name(), wire.payloadBytes() + wire.framingBytes());
    try {
      var sending = pipe.post(new Parcel(topic.name(), codec.id(), wire));
      return () -> await(sending);
    } catch (LinkLostException e) {
      throw attempt.breaks(peer + ": " + e.getMessage());
    }
  }

  private void await(Sending sending) {
    long from = System.nanoTime();
    try {
      sending.await();
    } catch (LinkLostException e) {
      throw attempt.breaks(peer + ": " + e.getMessage());
    } finally {
      attempt.spentSending(System.nanoTime() - from);
    }
  }

  @Override
  public <T> T receive(Topic<T> topic) {
    var what = "'" + topic.name() + "' from " + peer;
    if (!wait(what)) {
      throw gone("its program ended without sending '" + topic.name() + "'");
    }
    return read.add(
        Messages.decode(
            topic,
            Messages.codec(attempt.job(), topic),
            peer,
            Objects.requireNonNull(pipe).receive(),
            false,
            memory.scoped("in/" + topic.name())));
  }

  @Override
  public boolean more() {
    return wait("more from " + peer);
  }

  /** Waits for a message; false if the peer has ended well. */
  private boolean wait(String what) {
    check();
    if (pipe == null) {
      throw gone("lost");
    }
    attempt.waitsFor(what);
    long from = System.nanoTime();
    try {
      return pipe.more();
    } catch (LinkLostException e) {
      if (note.reason() != null) {
        throw gone("lost");
      }
      throw attempt.breaks(peer + ": " + e.getMessage());
    } finally {
      attempt.waitsFor(null);
      attempt.spentWaiting(System.nanoTime() - from);
    }
  }

  private LinkLostException gone(String otherwise) {
    var why = note.reason() == null ? otherwise : note.reason();
    lost = why;
    return new LinkLostException(peer, why);
  }

  private void check() {
    attempt.check();
    Meter.refuseOnLane("link to " + peer + ": used");
  }

  private <T> T poison(T message) {
    attempt.loseIfInjected(peer);
    return attempt.poisoned() ? Messages.poisoned(message) : message;
  }

  /** The program has ended; what it posted still goes out. */
  @Nullable Sending end(@Nullable String reason) {
    if (pipe == null) {
      return null;
    }
    try {
      return pipe.end(reason);
    } catch (LinkLostException e) {
      return null;
    }
  }

  /** Frees what was received. */
  void free() {
    read.free();
  }

  /** Gives the pipe up. */
  void close(@Nullable String reason) {
    if (pipe != null) {
      if (reason != null) {
        pipe.lose(reason);
      }
      pipe.close();
    }
  }
}
