package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.ByteString;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Status;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One hop of a link, across connections: numbers, acknowledgements, the window, and what is sent
 * again after a cut. What the frames mean is the affair of {@link Outgoing} and {@link Taker}.
 * Thread-safe; everything is guarded by {@link #lock}, held at most while a frame is copied.
 */
final class Leg {
  private static final Logger LOG = LoggerFactory.getLogger(Leg.class);

  /** Times in a row that a stream may break on a damaged frame, and no whole one between them. */
  private static final int DAMAGED = 5;

  final ReentrantLock lock = new ReentrantLock();

  private final String name;
  private final Limits limits;
  private final Outgoing out;
  private final Taker taker;
  private final ScheduledExecutorService timer;
  private final AtomicBoolean pumping = new AtomicBoolean();
  private final Account account;
  private final Sections sections;

  private volatile @Nullable Line line;
  private @Nullable ByteString session;
  private @Nullable ScheduledFuture<?> grace;
  private @Nullable String over;
  private Status told = Status.OK; // what the peer hears once it is over
  private @Nullable Status refusal;
  private int damaged;
  private boolean retired;

  // Outgoing: acked <= cursor <= highest + 1 <= out.end().
  private long acked = 1;
  private long cursor = 1;
  private long highest;
  private long inFlight;
  private int window;

  // Incoming: taken <= next.
  private volatile long next = 1; // written with the lock
  private long takenBelow = 1;
  private long ackSent;
  private long held;
  private boolean resuming;

  /**
   * @param name for messages, such as a link's key
   * @param near this side, and {@code far} the other, as the tally names them
   */
  Leg(
      String name,
      NodeId near,
      NodeId far,
      Limits limits,
      Outgoing out,
      Taker taker,
      Tally tally,
      ScheduledExecutorService timer) {
    this.name = name;
    this.limits = limits;
    this.out = out;
    this.taker = taker;
    this.account = new Account(near, far, tally);
    this.timer = timer;
    this.window = limits.window();
    this.sections = new Sections(limits);
  }

  String name() {
    return name;
  }

  /** The number of the frame that is expected next. */
  long next() {
    return next;
  }

  /** Whether it has a stream now. */
  boolean attached() {
    return line != null;
  }

  /** Takes the session of the first hello for its own; false if it has another. */
  boolean claim(ByteString by) {
    lock.lock();
    try {
      if (session == null) {
        session = by;
      }
      return session.equals(by);
    } finally {
      lock.unlock();
    }
  }

  /** Why it is over; null while it is not. */
  @Nullable String over() {
    lock.lock();
    try {
      return over;
    } finally {
      lock.unlock();
    }
  }

  /** Whether both sides have said that nothing follows, and everything has been taken. */
  boolean complete() {
    lock.lock();
    try {
      return done();
    } finally {
      lock.unlock();
    }
  }

  private boolean done() {
    return sections.ended() && takenBelow == next && out.ended() && acked == out.end();
  }

  /**
   * A stream is there for this leg; another one that it had is dropped.
   *
   * @param peerNext the number that the peer expects next
   * @return why not; null: attached
   */
  @Nullable Status attach(Line to, long peerNext, int peerWindow) {
    Line before;
    lock.lock();
    try {
      if (over != null) {
        return told;
      }
      if (peerNext < acked || peerNext > highest + 1) {
        return Status.OUT_OF_RANGE.withDescription(
            "next: %d (expected: %d to %d)".formatted(peerNext, acked, highest + 1));
      }
      before = line;
      line = to;
      window = Math.clamp(peerWindow, 1, limits.window());
      cursor = peerNext;
      inFlight = 0;
      for (long number = acked; number < cursor; number++) {
        inFlight += out.cost(number);
      }
      ackSent = 0;
      resuming = true;
      endGrace();
    } finally {
      lock.unlock();
    }
    if (before != null) {
      before.abort(Status.CANCELLED.withDescription("a newer connection has taken over"));
    }
    taker.connected(true);
    return null;
  }

  /** There is something to send. Any thread; takes no lock. */
  void wake() {
    var to = line;
    if (to != null && pumping.compareAndSet(false, true)) {
      to.execute(() -> pump(to));
    }
  }

  /** Sends what may be sent. On the line's thread. */
  private void pump(Line to) {
    pumping.set(false);
    if (!to.equals(line)) {
      wake();
      return;
    }
    boolean finished;
    lock.lock();
    try {
      if (!to.equals(line) || over != null) {
        return;
      }
      while (cursor < out.end() && to.ready()) {
        if (inFlight > 0 && inFlight + out.cost(cursor) > window) {
          break;
        }
        send(to, out.piece(cursor));
      }
      if (ackSent < takenBelow && takenBelow > 1) {
        acknowledge(to);
      }
      finished = done();
    } finally {
      lock.unlock();
    }
    if (finished) {
      to.finish();
    }
  }

  private void send(Line to, Piece piece) {
    var frame = piece.frame();
    if (takenBelow > 1) {
      frame.setAcknowledged(takenBelow);
      ackSent = takenBelow;
    }
    var built = frame.build();
    to.send(built);
    boolean again = cursor <= highest;
    highest = Math.max(highest, cursor);
    cursor++;
    inFlight += piece.cost();
    account.sent(piece, built.getSerializedSize(), to.secure(), again);
  }

  private void acknowledge(Line to) {
    var frame = Frame.newBuilder().setAcknowledged(takenBelow).build();
    to.send(frame);
    ackSent = takenBelow;
    account.sentAcknowledgement(frame.getSerializedSize(), to.secure());
  }

  /** The next message of a stream. On the line's thread. */
  void received(Line from, Inbound in) {
    Status refusal = null;
    String aborted = null;
    lock.lock();
    try {
      if (!from.equals(line) || over != null) {
        return;
      }
      switch (in) {
        case Inbound.Malformed bad ->
            refusal = Status.INVALID_ARGUMENT.withDescription(bad.reason());
        case Received frame -> {
          aborted = frame.abort();
          if (aborted == null) {
            refusal = accept(from, frame);
          }
        }
      }
    } finally {
      lock.unlock();
    }
    if (aborted != null) {
      lose(aborted);
    } else if (refusal != null) {
      refuse(from, refusal);
    } else {
      out.settle();
      wake();
    }
  }

  private @Nullable Status accept(Line from, Received frame) {
    if (frame.hello() != null || frame.welcome() != null) {
      return Status.INVALID_ARGUMENT.withDescription("hello: within a stream (expected: first)");
    }
    if (frame.acknowledged() != 0) {
      if (frame.acknowledged() < acked || frame.acknowledged() > highest + 1) {
        return Status.OUT_OF_RANGE.withDescription(
            "acknowledged: %d (expected: %d to %d)"
                .formatted(frame.acknowledged(), acked, highest + 1));
      }
      acknowledged(frame.acknowledged());
    }
    if (frame.number() == 0) {
      boolean empty = frame.opening() == null && frame.end() == null && frame.length() == 0;
      account.receivedBeside(frame, from.secure());
      return empty
          ? null
          : Status.INVALID_ARGUMENT.withDescription(
              "number: none (expected: of a frame with data)");
    }
    if (frame.number() != next) {
      if (resuming && frame.number() < next) {
        account.receivedBeside(frame, from.secure());
        return null;
      }
      return Status.OUT_OF_RANGE.withDescription(
          "number: %d (expected: %d)".formatted(frame.number(), next));
    }
    if (!frame.checks()) {
      return Status.DATA_LOSS.withDescription(
          "checksum: of frame " + next + " (expected: another)");
    }
    var refusal = sections.refuse(frame);
    if (refusal == null && held > 0 && held + frame.cost() > limits.window()) {
      refusal =
          Status.RESOURCE_EXHAUSTED.withDescription(
              "window: %d bytes (expected: at most %d)"
                  .formatted(held + frame.cost(), limits.window()));
    }
    if (refusal != null) {
      return refusal;
    }
    resuming = false;
    damaged = 0;
    next = frame.number() + 1;
    held += frame.cost();
    var part = sections.next(frame);
    account.received(frame, part, from.secure());
    taker.take(frame, part);
    return null;
  }

  private void acknowledged(long below) {
    for (long number = acked; number < below; number++) {
      int cost = out.cost(number);
      inFlight -= number < cursor ? cost : 0;
      account.acknowledged(cost);
    }
    if (below > acked) {
      damaged = 0;
      acked = below;
      cursor = Math.max(cursor, below);
      out.acknowledged(below);
    }
  }

  /** Frames below this number have been taken. */
  void taken(long below, int cost) {
    lock.lock();
    try {
      takenBelow = Math.max(takenBelow, below);
      held -= cost;
      account.taken(cost);
    } finally {
      lock.unlock();
    }
    wake();
  }

  private void refuse(Line from, Status status) {
    LOG.warn("{}: refused: {}", name, Endings.describe(status));
    from.abort(status);
    detached(from, status);
  }

  /** Called with the lock held. */
  private void endGrace() {
    if (grace != null) {
      grace.cancel(false);
      grace = null;
    }
  }

  /**
   * A stream has ended.
   *
   * @return whether it is to be dialled again
   */
  boolean detached(Line from, Status status) {
    String reason = Endings.describe(status);
    boolean lost;
    lock.lock();
    try {
      if (!from.equals(line) || over != null) {
        return false;
      }
      line = null;
      if (done() && status.isOk()) {
        retired = true;
        return false;
      }
      damaged += status.getCode() == Status.Code.DATA_LOSS ? 1 : 0;
      lost = !Endings.passing(status) || damaged > DAMAGED;
      if (!lost) {
        startGrace(reason);
      }
    } finally {
      lock.unlock();
    }
    taker.connected(false);
    if (lost) {
      give(status);
    }
    return !lost;
  }

  /**
   * The hub could not be reached or has refused a stream, before it was attached.
   *
   * @return whether it is to be dialled again
   */
  boolean unreachable(Status status) {
    String reason = Endings.describe(status);
    boolean again = Endings.passing(status);
    lock.lock();
    try {
      if (over != null || line != null) {
        return false;
      }
      if (done()) {
        retired = true; // the hub has forgotten the link, since it had ended well
        again = again && status.getCode() != Status.Code.OK;
      } else if (again) {
        startGrace(reason);
      }
    } finally {
      lock.unlock();
    }
    if (!again) {
      give(status);
    }
    return again;
  }

  private void startGrace(String reason) {
    if (grace == null && !retired) {
      var time = limits.grace();
      var text = "the connection was cut and not back within " + time.toMillis() + " ms: " + reason;
      grace = timer.schedule(() -> lose(text), time.toNanos(), TimeUnit.NANOSECONDS);
    }
  }

  /** The status with which the hub ended it; null if it did not. */
  @Nullable Status refusal() {
    lock.lock();
    try {
      return refusal;
    } finally {
      lock.unlock();
    }
  }

  /** The peer has ended the link with this status. */
  private void give(Status status) {
    lock.lock();
    try {
      if (retired || over != null) {
        return;
      }
      refusal = status;
    } finally {
      lock.unlock();
    }
    lose(Endings.describe(status));
  }

  /** Gives up; the peer is told when it can be reached. Only the first reason counts. */
  void lose(String reason) {
    lose(reason, Status.ABORTED.withDescription(reason));
  }

  /**
   * @param told what the peer is told
   */
  void lose(String reason, Status told) {
    Line to;
    lock.lock();
    try {
      if (over != null) {
        return;
      }
      over = reason;
      this.told = told;
      to = line;
      line = null;
      endGrace();
    } finally {
      lock.unlock();
    }
    if (to != null) {
      to.abort(told);
    }
    taker.over(reason);
  }

  /** This side has no more use for it; the peer may still fetch its last acknowledgement. */
  void retire() {
    lock.lock();
    try {
      retired = true;
      endGrace();
    } finally {
      lock.unlock();
    }
  }

  Traffic traffic() {
    lock.lock();
    try {
      return account.traffic();
    } finally {
      lock.unlock();
    }
  }
}
