package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.LinkLostException;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Sending;
import dev.anabranch.fabrics.common.Parcel;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.Condition;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** A pipe over one leg. Thread-safe, guarded by the leg's lock. */
final class EndPipe implements Pipe {
  private final LinkKey key;
  private final NodeId peer;
  private final Limits limits;
  private final Leg leg;
  private final Outbox out;
  private final Inbox in;
  private final Condition changed;
  private final Consumer<Boolean> connected;
  private final Runnable closing;
  private @Nullable String over;
  private @Nullable CompletableFuture<Void> end;

  /**
   * @param near the end that this is
   * @param connected told when the line is up or cut
   * @param closing run once, when the pipe is closed
   */
  EndPipe(
      LinkKey key,
      NodeId near,
      Limits limits,
      Spool spool,
      Tally tally,
      ScheduledExecutorService timer,
      Consumer<Boolean> connected,
      Runnable closing) {
    this.key = key;
    this.peer = key.other(near);
    this.limits = limits;
    this.connected = connected;
    this.closing = closing;
    var sides = new Sides();
    this.leg = new Leg(key.toString(), near, peer, limits, sides, sides, tally, timer);
    this.changed = leg.lock.newCondition();
    this.out = new Outbox(limits, changed);
    this.in = new Inbox(key.toString(), leg.lock, changed, spool, sides);
  }

  Leg leg() {
    return leg;
  }

  /** What the leg sees of this pipe. */
  private final class Sides implements Outgoing, Taker, Inbox.Acknowledger {
    @Override
    public long end() {
      return out.end();
    }

    @Override
    public boolean ended() {
      return out.ended();
    }

    @Override
    public int cost(long number) {
      return out.cost(number);
    }

    @Override
    public Piece piece(long number) {
      return out.piece(number);
    }

    @Override
    public void acknowledged(long below) {
      out.acknowledged(below);
    }

    @Override
    public void settle() {
      List<Outbox.Item> settled;
      leg.lock.lock();
      try {
        settled = out.takeSettled();
      } finally {
        leg.lock.unlock();
      }
      Outbox.close(settled, null);
    }

    @Override
    public void take(Received frame, Sections.Part part) {
      in.add(frame, part);
    }

    @Override
    public void taken(long below, int cost) {
      leg.taken(below, cost);
    }

    @Override
    public void failed(String reason) {
      leg.lose(reason);
    }

    @Override
    public void over(String reason) {
      List<Outbox.Item> settled;
      List<Outbox.Item> left;
      leg.lock.lock();
      try {
        over = reason;
        settled = out.takeSettled();
        left = out.takeAll();
        in.over(reason);
      } finally {
        leg.lock.unlock();
      }
      Outbox.close(settled, null);
      Outbox.close(left, new LinkLostException(peer, reason));
    }

    @Override
    public void connected(boolean up) {
      connected.accept(up);
    }
  }

  @Override
  public LinkKey key() {
    return key;
  }

  @Override
  public NodeId peer() {
    return peer;
  }

  @Override
  public Sending post(Parcel parcel) {
    Outbox.Item item;
    leg.lock.lock();
    try {
      waitUntil(() -> over != null || out.queued() <= limits.queued());
      requireOpen(parcel);
      item = out.post(parcel);
    } finally {
      leg.lock.unlock();
    }
    leg.wake();
    return waiting(item.done);
  }

  private void requireOpen(Parcel parcel) {
    String reason = over != null ? over : out.ended() ? "this side has ended it" : null;
    if (reason != null) {
      parcel.wire().close();
      throw new LinkLostException(peer, reason);
    }
  }

  /** With the lock. */
  private void waitUntil(BooleanSupplier reached) {
    try {
      while (!reached.getAsBoolean()) {
        changed.await();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LinkLostException(peer, "interrupted");
    }
  }

  private Sending waiting(CompletableFuture<Void> done) {
    return () -> {
      try {
        done.get();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new LinkLostException(peer, "interrupted");
      } catch (ExecutionException e) {
        throw e.getCause() instanceof LinkLostException lost ? lost : new IllegalStateException(e);
      }
    };
  }

  @Override
  public Parcel receive() {
    Spool.Arrival arrival;
    leg.lock.lock();
    try {
      waitForMessage();
      arrival = in.poll();
      if (arrival == null) {
        throw new LinkLostException(peer, "its program ended without sending another message");
      }
    } finally {
      leg.lock.unlock();
    }
    return arrival.open();
  }

  @Override
  public boolean more() {
    leg.lock.lock();
    try {
      waitForMessage();
      return !in.isEmpty();
    } finally {
      leg.lock.unlock();
    }
  }

  /** Returns when there is a message, or the peer has ended well. */
  private void waitForMessage() {
    waitUntil(() -> !in.isEmpty() || in.ended() != null || over != null);
    var ended = in.ended();
    if (in.isEmpty() && !"".equals(ended)) {
      throw new LinkLostException(peer, ended != null ? ended : over != null ? over : "lost");
    }
  }

  @Override
  public Sending end(@Nullable String reason) {
    leg.lock.lock();
    try {
      if (end == null && over == null) {
        end = out.postEnd(reason == null ? "" : reason.isEmpty() ? "ended badly" : reason).done;
      } else if (end == null) {
        end = CompletableFuture.failedFuture(new LinkLostException(peer, String.valueOf(over)));
      }
    } finally {
      leg.lock.unlock();
    }
    leg.wake();
    return waiting(end);
  }

  @Override
  public void lose(String reason) {
    leg.lose(reason);
  }

  @Override
  public Traffic traffic() {
    return leg.traffic();
  }

  @Override
  public void close() {
    if (leg.complete()) {
      leg.retire();
    } else {
      leg.lose("closed");
    }
    for (var left = poll(); left != null; left = poll()) {
      left.discard();
    }
    closing.run();
  }

  private Spool.@Nullable Arrival poll() {
    leg.lock.lock();
    try {
      return in.poll();
    } finally {
      leg.lock.unlock();
    }
  }
}
