package dev.anabranch.fabrics.grpc.internal;

import com.google.protobuf.UnsafeByteOperations;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Status;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * A link between two agents: two legs, and for each direction the frames that one end has sent and
 * the other has not yet taken, at most a window of them. Thread-safe.
 */
final class HubRelay implements Hub.Relay, GrpcHub.Passage {
  private final LinkKey key;
  private final Way forth = new Way();
  private final Way back = new Way();
  private final Leg a;
  private final Leg b;
  private final Runnable closing;

  HubRelay(
      LinkKey key, Limits limits, Tally tally, ScheduledExecutorService timer, Runnable closing) {
    this.key = key;
    this.closing = closing;
    a = leg(key.a(), limits, back, forth, tally, timer);
    b = leg(key.b(), limits, forth, back, tally, timer);
    forth.from = a;
    forth.to = b;
    back.from = b;
    back.to = a;
  }

  private Leg leg(
      NodeId end, Limits limits, Way out, Way in, Tally tally, ScheduledExecutorService timer) {
    return new Leg(
        key + ", leg to " + end, NodeId.COORDINATOR, end, limits, out, new Entry(in), tally, timer);
  }

  /** A frame on its way. */
  private record Passing(Received frame, Sections.Part part) {}

  /** One direction. Its state is guarded by itself; it takes no lock of a leg. */
  private static final class Way implements Outgoing {
    private final TreeMap<Long, Passing> passing = new TreeMap<>();
    private @Nullable Leg from;
    private @Nullable Leg to;
    private long end = 1;
    private boolean ended;
    private long settledBelow = 1;
    private int settledCost;

    private synchronized void add(Passing next) {
      passing.put(next.frame.number(), next);
      end = next.frame.number() + 1;
      ended |= next.frame.end() != null;
    }

    @Override
    public synchronized long end() {
      return end;
    }

    @Override
    public synchronized boolean ended() {
      return ended;
    }

    private Passing of(long number) {
      var found = passing.get(number);
      if (found == null) {
        throw new IllegalStateException("frame " + number + " of a relay is not here any more");
      }
      return found;
    }

    @Override
    public synchronized int cost(long number) {
      return of(number).frame.cost();
    }

    @Override
    public synchronized Piece piece(long number) {
      var next = of(number);
      var frame = next.frame;
      var built =
          Frame.newBuilder()
              .setNumber(number)
              .setChecksum(frame.checksum())
              .setData(UnsafeByteOperations.unsafeWrap(frame.data(), 0, frame.length()));
      var opening = frame.opening();
      if (opening != null) {
        built.setOpening(opening);
      }
      var last = frame.end();
      if (last != null) {
        built.setEnd(last);
      }
      return new Piece(built, next.part.topic(), next.part.body(), next.part.last());
    }

    @Override
    public synchronized void acknowledged(long below) {
      while (!passing.isEmpty() && passing.firstKey() < below) {
        settledCost += passing.pollFirstEntry().getValue().frame.cost();
        settledBelow = below;
      }
    }

    @Override
    public void settle() {
      long below;
      int cost;
      synchronized (this) {
        below = settledBelow;
        cost = settledCost;
        settledCost = 0;
      }
      var sender = from;
      if (cost > 0 && sender != null) {
        sender.taken(below, cost);
      }
    }
  }

  /** Where one end's frames come in. */
  private final class Entry implements Taker {
    private final Way way;

    Entry(Way way) {
      this.way = way;
    }

    @Override
    public void take(Received frame, Sections.Part part) {
      way.add(new Passing(frame, part));
      var receiver = way.to;
      if (receiver != null) {
        receiver.wake();
      }
    }

    @Override
    public void over(String reason) {
      HubRelay.this.lose(reason);
    }
  }

  @Override
  public LinkKey key() {
    return key;
  }

  @Override
  public @Nullable Leg leg(NodeId end) {
    return end.equals(key.a()) ? a : end.equals(key.b()) ? b : null;
  }

  @Override
  public Traffic traffic(NodeId end) {
    return end.equals(key.a()) ? a.traffic() : b.traffic();
  }

  @Override
  public void lose(String reason) {
    lose(reason, Status.ABORTED.withDescription(reason));
  }

  @Override
  public void lose(String reason, Status told) {
    a.lose(reason, told);
    b.lose(reason, told);
  }

  @Override
  public void close() {
    if (a.complete() && b.complete()) {
      a.retire();
      b.retire();
    } else {
      lose("closed");
    }
    closing.run();
  }
}
