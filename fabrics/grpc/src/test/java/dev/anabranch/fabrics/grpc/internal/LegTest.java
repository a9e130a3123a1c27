package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.ScheduledExecutorService;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.jspecify.annotations.Nullable;

/**
 * Two legs and a line between them that delivers, holds back and loses what it likes, step by step
 * in one thread: whatever happens, each side takes the other's frames once and in order.
 */
class LegTest {
  private static final Limits LIMITS = Bench.LIMITS.withWindow(8 << 10, 2 << 10);
  private static final int FRAMES = 25;

  private final ScheduledExecutorService timer = Timer.start("legs");

  /** One side: sends messages of one frame each, takes with a lag. */
  private final class Side implements Leg.Outgoing, Leg.Taker {
    final ArrayDeque<Runnable> tasks = new ArrayDeque<>();
    final ArrayDeque<byte[]> onTheWay = new ArrayDeque<>();
    final ArrayDeque<Received> untaken = new ArrayDeque<>();
    final List<Integer> taken = new ArrayList<>();
    final TreeMap<Long, Integer> sizes = new TreeMap<>();
    final Leg leg;
    @Nullable Wire line;
    @Nullable String over;
    long posted = 1;

    Side(NodeId near, NodeId far) {
      leg = new Leg("leg", near, far, LIMITS, this, this, Tally.NONE, timer);
    }

    @Override
    public long end() {
      return posted;
    }

    @Override
    public boolean ended() {
      return posted > FRAMES + 1;
    }

    @Override
    public int cost(long number) {
      return sizes.getOrDefault(number, 0) + Piece.COST;
    }

    @Override
    public Piece piece(long number) {
      if (number == FRAMES + 1) {
        return new Piece(Raw.end(number), "", 0, false);
      }
      int size = sizes.getOrDefault(number, 0);
      byte[] data = Bench.body(size, number);
      return new Piece(
          Raw.frame(number, Raw.opening("t", 0, size), data), "t", size, true);
    }

    @Override
    public void acknowledged(long below) {
      sizes.headMap(below).clear();
    }

    @Override
    public void settle() {}

    @Override
    public void take(Received frame, Sections.Part part) {
      untaken.add(frame);
    }

    @Override
    public void over(String reason) {
      over = reason;
    }

    void takeOne() {
      var next = untaken.poll();
      if (next != null) {
        taken.add((int) next.number());
        leg.taken(next.number() + 1, next.cost());
      }
    }

    void post(int size) {
      if (posted <= FRAMES + 1) {
        sizes.put(posted++, size);
        leg.wake();
      }
    }
  }

  /** The end of a stream at one side; what is sent waits with the receiver. */
  private static final class Wire implements Line {
    private final Side mine;
    private final Side other;
    private boolean up = true;

    Wire(Side mine, Side other) {
      this.mine = mine;
      this.other = other;
    }

    @Override
    public void execute(Runnable task) {
      mine.tasks.add(task);
    }

    @Override
    public void send(Frame frame) {
      if (up) {
        other.onTheWay.add(frame.toByteArray());
      }
    }

    @Override
    public boolean ready() {
      return true;
    }

    @Override
    public boolean secure() {
      return false;
    }

    @Override
    public void abort(Status status) {
      up = false;
    }

    @Override
    public void finish() {}
  }

  private static void connect(Side a, Side b) {
    a.onTheWay.clear();
    b.onTheWay.clear();
    var atA = new Wire(a, b);
    var atB = new Wire(b, a);
    a.line = atA;
    b.line = atB;
    long nextOfB = b.leg.next();
    assertThat(b.leg.attach(atB, a.leg.next(), LIMITS.window())).isNull();
    assertThat(a.leg.attach(atA, nextOfB, LIMITS.window())).isNull();
    a.leg.wake();
    b.leg.wake();
  }

  private static void deliver(Side to) {
    byte[] next = to.onTheWay.poll();
    var line = to.line;
    if (next != null && line != null && line.up) {
      to.leg.received(line, FrameReader.read(new ByteArrayInputStream(next), next.length));
    }
  }

  private static void runOne(Side side) {
    var task = side.tasks.poll();
    if (task != null) {
      task.run();
    }
  }

  @Property(tries = 500)
  void framesAreTakenOnceAndInOrder(@ForAll long seed) {
    var random = new Random(seed);
    var a = new Side(NodeId.COORDINATOR, NodeId.device(0));
    var b = new Side(NodeId.device(0), NodeId.COORDINATOR);
    assertThat(a.leg.claim(ByteString.EMPTY)).isTrue();
    int steps = 0;
    connect(a, b);
    while (!(a.leg.complete() && b.leg.complete()) && steps++ < 100_000) {
      var side = random.nextBoolean() ? a : b;
      switch (random.nextInt(steps < 2000 ? 40 : 39)) {
        case 39 -> {
          // Cut: what is on its way is lost; both sides notice, in some order.
          if (a.line != null) {
            a.leg.detached(a.line, Status.UNAVAILABLE);
          }
          if (b.line != null && random.nextBoolean()) {
            b.leg.detached(b.line, Status.UNAVAILABLE);
          }
          connect(a, b);
        }
        case 0, 1, 2 -> side.post(random.nextInt(1, 3_000));
        case 3, 4, 5, 6, 7, 8 -> side.takeOne();
        default -> {
          if (random.nextBoolean()) {
            deliver(side);
          } else {
            runOne(side);
          }
        }
      }
      assertThat(a.over).isNull();
      assertThat(b.over).isNull();
    }
    assertThat(a.leg.complete()).isTrue();
    assertThat(b.leg.complete()).isTrue();
    for (var side : List.of(a, b)) {
      assertThat(side.taken).hasSize(FRAMES + 1).isSorted().doesNotHaveDuplicates();
      var other = side.equals(a) ? b : a;
      assertThat(side.leg.traffic().payloadSent())
          .isGreaterThanOrEqualTo(other.leg.traffic().payloadReceived());
    }
  }
}
