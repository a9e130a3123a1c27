package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.core.Topic;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.CoordinatorEnd;
import dev.anabranch.fabrics.common.Messages;
import dev.anabranch.fabrics.common.Meter;
import dev.anabranch.fabrics.common.Parcel;
import dev.anabranch.fabrics.common.ReadMessages;
import dev.anabranch.fabrics.common.Received;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The coordinator's end of a link, which survives attempts: what was posted is kept and posted
 * again to the next one, and what the next one sends again is dropped as far as it was received
 * before. Programs are deterministic, so both are the same messages. Belongs to the coordinator's
 * program, but for attaching and detaching, which are the keeper's.
 */
final class CoordinatorLink implements CoordinatorEnd {
  private record Posted(String topic, String codec, SharedWire wire) {}

  /** The other side has said that nothing follows. */
  private record End(@Nullable String reason) {}

  private final RunContext run;
  private final RemoteVisit visit;
  private final NodeId peer;
  private final Memory memory;

  /** Held while something is posted, which may take its time. */
  private final ReentrantLock posting = new ReentrantLock();

  private final List<Posted> posted = new ArrayList<>();
  private @Nullable Pipe pipe;
  private boolean closed;
  private boolean settled;

  // Under the board's lock from here.
  private final ArrayDeque<Parcel> inbox = new ArrayDeque<>(2);
  private @Nullable Pipe current;
  private int received;
  private int taken;
  private @Nullable End end;

  // The program's own.
  private final ReadMessages read = new ReadMessages();
  private @Nullable String lost;

  CoordinatorLink(RunContext run, RemoteVisit visit, NodeId peer, Memory memory) {
    this.run = run;
    this.visit = visit;
    this.peer = peer;
    this.memory = memory.scoped("~link/" + peer);
  }

  @Override
  public NodeId peer() {
    return peer;
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
    var codec = Messages.codec(run.job(), topic);
    var wire = Messages.encode(codec, message, memory.scoped("out/" + topic.name()));
    put(topic.name(), codec.id(), new SharedWire(wire));
    return Sending.NONE; // it stays here until the visit is over
  }

  /** Sends what has been encoded for several links, unless this end knows that the peer is gone. */
  void postShared(String topic, String codec, SharedWire wire) {
    check();
    if (lost == null) {
      put(topic, codec, wire.share());
    }
  }

  private void put(String topic, String codec, SharedWire wire) {
    posting.lock();
    try {
      if (settled) {
        wire.close();
        return;
      }
      var message = new Posted(topic, codec, wire);
      posted.add(message);
      if (pipe != null) {
        push(pipe, message);
      }
    } finally {
      posting.unlock();
    }
  }

  private static void push(Pipe to, Posted message) {
    var held = message.wire.hold();
    try {
      to.post(new Parcel(message.topic, message.codec, held));
    } catch (LinkLostException e) {
      held.close(); // the keeper sees it where it reads, and begins the next attempt
    }
  }

  /** Carries this link over the pipe of a new attempt. */
  void attach(Pipe to, FileSpool spool) {
    run.board()
        .change(() -> {
          inbox.forEach(parcel -> parcel.wire().close());
          inbox.clear();
          received = 0;
          end = null;
          current = to;
        });
    Thread.ofVirtual().name(to.key().toString()).start(() -> pump(to, spool));
    posting.lock();
    try {
      pipe = to;
      posted.forEach(message -> push(to, message));
      if (closed) {
        finish(to);
      }
    } finally {
      posting.unlock();
    }
  }

  private static void finish(Pipe to) {
    try {
      to.end(null);
    } catch (LinkLostException e) {
      return; // gone already
    }
  }

  /** This attempt carries nothing more; what was received and not read stays. */
  void detach(@Nullable String reason) {
    var board = run.board();
    Pipe old;
    posting.lock();
    try {
      old = pipe;
      pipe = null;
    } finally {
      posting.unlock();
    }
    board.change(() -> current = null);
    if (old != null) {
      if (reason != null) {
        old.lose(reason);
      }
      old.close();
    }
  }

  private void pump(Pipe from, FileSpool spool) {
    var board = run.board();
    try {
      while (from.more()) {
        var parcel = from.receive();
        board.change(() -> arrive(from, parcel));
      }
      board.change(() -> end(from, null));
    } catch (LinkLostException e) {
      board.change(() -> {
        if (spool.hasEnded() && spool.reason() != null) {
          end(from, spool.reason());
        } else if (from.equals(current)) {
          visit.group().broken(peer + ": " + e.getMessage());
        }
      });
    } catch (RuntimeException e) {
      board.change(() -> {
        if (from.equals(current)) {
          visit.group().failed(e);
        }
      });
    } finally {
      spool.close();
    }
  }

  private void end(Pipe from, @Nullable String reason) {
    if (from.equals(current)) {
      end = new End(reason);
    }
  }

  private void arrive(Pipe from, Parcel parcel) {
    if (!from.equals(current) || received++ < taken) {
      parcel.wire().close();
    } else {
      inbox.add(parcel);
    }
  }

  /** Whether the peer's side has been read to its end. Called with the lock held. */
  boolean drained() {
    return end != null;
  }

  /** Reads a visit that is whole on the disk: what is posted into it goes nowhere. */
  void replay(List<Spool.Arrival> arrivals, @Nullable String reason) {
    settle();
    run.board()
        .change(() -> {
          arrivals.forEach(arrival -> inbox.add(arrival.open()));
          end = new End(reason);
        });
  }

  /** The visit is over: nothing has to be posted again. */
  void settle() {
    posting.lock();
    try {
      settled = true;
      posted.forEach(message -> message.wire.close());
      posted.clear();
    } finally {
      posting.unlock();
    }
  }

  @Override
  public <T> T receive(Topic<T> topic) {
    return read.add(take(topic));
  }

  @Override
  public <T> Received<T> take(Topic<T> topic) {
    check();
    var parcel = next("'" + topic.name() + "' from " + peer, true);
    if (parcel == null) {
      throw gone("its program ended without sending '" + topic.name() + "'");
    }
    return Messages.decode(
        topic,
        Messages.codec(run.job(), topic),
        peer,
        parcel,
        false,
        memory.scoped("in/" + topic.name()));
  }

  /** The next message; null if there is none and will be none. */
  private @Nullable Parcel next(String what, boolean take) {
    var board = run.board();
    board.lock.lock();
    try {
      visit.awaited(what);
      board.until(() -> !inbox.isEmpty() || end != null || visit.givenUp() != null);
      if (inbox.isEmpty()) {
        return null;
      }
      if (!take) {
        return inbox.peek();
      }
      taken++;
      return inbox.poll();
    } finally {
      visit.awaited(null);
      board.lock.unlock();
    }
  }

  private LinkLostException gone(String otherwise) {
    var board = run.board();
    board.lock.lock();
    try {
      var over = end;
      var why =
          over != null && over.reason != null
              ? over.reason
              : Objects.requireNonNullElse(visit.givenUp(), otherwise);
      lost = why;
      return new LinkLostException(peer, why);
    } finally {
      board.lock.unlock();
    }
  }

  @Override
  public boolean more() {
    check();
    if (next("more from " + peer, false) != null) {
      return true;
    }
    var over = end;
    if (over != null && over.reason == null) {
      return false;
    }
    throw gone("lost");
  }

  private void check() {
    run.board().check();
    Meter.refuseOnLane("link to " + peer + ": used");
  }

  /** This end has nothing more to say. */
  void end() {
    posting.lock();
    try {
      closed = true;
      if (pipe != null) {
        finish(pipe);
      }
    } finally {
      posting.unlock();
    }
  }

  @Override
  public void refuse(String reason) {
    lost = reason;
    end();
  }

  /** Frees what was received here, and what nobody will read. */
  void free() {
    read.free();
    run.board()
        .change(() -> {
          inbox.stream().map(Parcel::wire).forEach(Wire::close);
          inbox.clear();
        });
  }
}
