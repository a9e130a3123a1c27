package dev.anabranch.fabrics.grpc.internal;

import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames that came in, on their way to the spool, and whole messages, on their way to the program.
 * One virtual thread at a time carries frames to the spool, while there are any. Guarded by the
 * lock of its leg.
 */
final class Inbox {
  private final String name;
  private final ReentrantLock lock;
  private final Condition changed;
  private final Spool spool;
  private final Acknowledger acknowledger;
  private final ArrayDeque<Arrived> frames = new ArrayDeque<>();
  private final ArrayDeque<Spool.Arrival> whole = new ArrayDeque<>();
  private @Nullable Thread carrier;
  private @Nullable String ended;
  private @Nullable String over;

  // Belongs to the carrier.
  private Spool.@Nullable Incoming incoming;

  /** Hears how far the spool is. */
  interface Acknowledger {
    void taken(long below, int cost);

    void failed(String reason);
  }

  private record Arrived(Received frame, Sections.Part part) {}

  Inbox(
      String name, ReentrantLock lock, Condition changed, Spool spool, Acknowledger acknowledger) {
    this.name = name;
    this.lock = lock;
    this.changed = changed;
    this.spool = spool;
    this.acknowledger = acknowledger;
  }

  void add(Received frame, Sections.Part part) {
    frames.add(new Arrived(frame, part));
    if (carrier == null) {
      carrier = Thread.ofVirtual().name("spool of " + name).start(this::carry);
    }
  }

  private void carry() {
    try {
      for (var next = next(); next != null; next = next()) {
        spool(next.frame, next.part);
        FrameRoom.give(next.frame.data());
        acknowledger.taken(next.frame.number() + 1, next.frame.cost());
      }
    } catch (InterruptedException e) {
      acknowledger.failed("interrupted");
    } catch (RuntimeException | Error e) {
      acknowledger.failed("spool: " + e);
    } finally {
      abandonIfOver();
    }
  }

  private @Nullable Arrived next() {
    lock.lock();
    try {
      var next = over == null ? frames.poll() : null;
      if (next == null) {
        carrier = null;
      }
      return next;
    } finally {
      lock.unlock();
    }
  }

  private void spool(Received frame, Sections.Part part) throws InterruptedException {
    var last = frame.end();
    if (last != null) {
      String reason = last.getReason();
      spool.ended(reason.isEmpty() ? null : reason);
      lock.lock();
      try {
        ended = reason;
        changed.signalAll();
      } finally {
        lock.unlock();
      }
      return;
    }
    var to = incoming;
    var opening = frame.opening();
    if (opening != null) {
      to =
          spool.begin(
              opening.getTopic(),
              opening.getCodec(),
              opening.getHeadBytes(),
              opening.getBodyBytes());
      incoming = to;
    }
    if (to == null) {
      throw new IllegalStateException("a frame of no message");
    }
    var bytes = frame.bytes();
    if (part.head() > 0) {
      to.head(bytes.asSlice(0, part.head()));
    }
    if (part.body() > 0) {
      to.body(bytes.asSlice(part.head(), part.body()));
    }
    if (part.last()) {
      arrived(to.whole());
    }
  }

  private void arrived(Spool.Arrival arrival) {
    incoming = null;
    lock.lock();
    try {
      if (over == null) {
        whole.add(arrival);
        changed.signalAll();
        return;
      }
    } finally {
      lock.unlock();
    }
    arrival.discard();
  }

  private void abandonIfOver() {
    Spool.Incoming left = null;
    lock.lock();
    try {
      if (over != null) {
        carrier = null;
        left = incoming;
        incoming = null;
      }
    } finally {
      lock.unlock();
    }
    if (left != null) {
      left.abandon();
    }
  }

  /** Nothing more comes; messages that are whole can still be received. With the lock. */
  void over(String reason) {
    over = reason;
    frames.clear();
    var running = carrier;
    if (running != null) {
      running.interrupt();
    }
    changed.signalAll();
  }

  /** The next message; null if there is none yet. With the lock. */
  Spool.@Nullable Arrival poll() {
    return whole.poll();
  }

  boolean isEmpty() {
    return whole.isEmpty();
  }

  /** Null while the peer has not ended; empty: ended well; else its reason. With the lock. */
  @Nullable String ended() {
    return ended;
  }
}
