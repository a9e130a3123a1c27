package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.anabranch.core.NodeId;
import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import io.grpc.Status;
import java.io.ByteArrayInputStream;
import java.util.ArrayDeque;
import java.util.List;
import java.util.concurrent.ScheduledExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Frames of one stream, one after another, each a choice and a part: read, followed by a leg, and
 * put together in a spool. The choice may set a frame's number and checksum right, which no change
 * of a few bytes would, and hold back that it was taken.
 */
final class FramesFuzz extends FuzzTarget {
  private static final int RIGHT = 1;
  private static final int NEXT = 2;
  private static final int LATER = 4;

  private static final int HEAD = Limits.DEFAULT.head();
  private static final int BODY = 64 << 10;
  private static final Limits LIMITS = Bench.LIMITS.withWindow(8 << 10, 2 << 10).withBody(BODY);

  private final ScheduledExecutorService timer = Timer.start("fuzz");

  /** The receiving side, which takes frames as an inbox does, in the thread that reads them. */
  private static final class Side implements Outgoing, Taker {
    private final MemorySpool spool = new MemorySpool(Long.MAX_VALUE);
    private final ArrayDeque<Received> untaken = new ArrayDeque<>();
    private final Leg leg;
    private Spool.@Nullable Incoming incoming;
    private long missing;
    private long held;

    Side(ScheduledExecutorService timer) {
      leg =
          new Leg(
              "fuzz", NodeId.COORDINATOR, NodeId.device(0), LIMITS, this, this, Tally.NONE, timer);
    }

    @Override
    public long end() {
      return 1;
    }

    @Override
    public boolean ended() {
      return false;
    }

    @Override
    public int cost(long number) {
      return 0;
    }

    @Override
    public Piece piece(long number) {
      throw new AssertionError("nothing was posted");
    }

    @Override
    public void acknowledged(long below) {}

    @Override
    public void settle() {}

    @Override
    public void over(String reason) {}

    @Override
    public void take(Received frame, Sections.Part part) {
      held += frame.cost();
      assertThat(held <= LIMITS.window() || untaken.isEmpty()).isTrue();
      untaken.add(frame);
      if (frame.end() != null) {
        assertThat(missing).isZero();
        return;
      }
      try {
        put(frame, part);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }

    private void put(Received frame, Sections.Part part) throws InterruptedException {
      var opening = frame.opening();
      if (opening != null) {
        assertThat(missing).isZero();
        missing = opening.getHeadBytes() + opening.getBodyBytes();
        incoming =
            spool.begin(
                opening.getTopic(),
                opening.getCodec(),
                opening.getHeadBytes(),
                opening.getBodyBytes());
      }
      var to = incoming;
      assertThat(to).isNotNull();
      to.head(frame.bytes().asSlice(0, part.head()));
      to.body(frame.bytes().asSlice(part.head(), part.body()));
      missing -= frame.length();
      assertThat(part.last()).isEqualTo(missing == 0);
      if (part.last()) {
        to.whole().open().wire().close();
        incoming = null;
      }
    }

    void takeAll() {
      for (var frame = untaken.poll(); frame != null; frame = untaken.poll()) {
        held -= frame.cost();
        leg.taken(frame.number() + 1, frame.cost());
      }
    }

    void close() {
      if (incoming != null) {
        incoming.abandon();
      }
    }
  }

  /** A stream on which nothing goes out. */
  private static final class Quiet implements Line {
    @Override
    public void execute(Runnable task) {}

    @Override
    public void send(Frame frame) {}

    @Override
    public boolean ready() {
      return false;
    }

    @Override
    public boolean secure() {
      return false;
    }

    @Override
    public void abort(Status status) {}

    @Override
    public void finish() {}
  }

  /** A message that is begun may take what it declares, up to the limits of a link. */
  @Override
  long declared(int length) {
    return 2L * (HEAD + BODY) + 4L * length;
  }

  @Override
  List<byte[]> seeds() {
    byte[] data = Bench.body(700, 1);
    var whole = bytes(Raw.frame(1, Raw.opening("model", 100, 600), data));
    var first = bytes(Raw.frame(1, Raw.opening("update", 10, 1000), data));
    var second = bytes(Raw.frame(2, null, Bench.body(310, 2)));
    var failed =
        bytes(
            Frame.newBuilder()
                .setNumber(3)
                .setEnd(End.newBuilder().setReason("injected"))
                .setAcknowledged(1));
    var key = Bench.key(1);
    return List.of(
        FuzzInput.of(0, whole, 0, bytes(Raw.end(2))),
        FuzzInput.of(RIGHT | NEXT, first, RIGHT | NEXT | LATER, second, RIGHT | NEXT, failed),
        FuzzInput.of(0, bytes(Raw.frame(1, Raw.opening("nothing", 0, 0), new byte[0]))),
        FuzzInput.of(0, bytes(Frame.newBuilder().setHello(Raw.hello(key, key.b())))),
        FuzzInput.of(0, bytes(Frame.newBuilder().setAbort("no more"))),
        FuzzInput.of(0, bytes(Frame.newBuilder().setAcknowledged(1))));
  }

  private static byte[] bytes(Frame.Builder frame) {
    return frame.build().toByteArray();
  }

  @Override
  void decode(byte[] input) {
    var side = new Side(timer);
    var line = new Quiet();
    assertThat(side.leg.claim(ByteString.EMPTY)).isTrue();
    assertThat(side.leg.attach(line, 1, LIMITS.window())).isNull();
    for (var in = new FuzzInput(input); !in.isEmpty(); ) {
      int choice = in.choice();
      byte[] bytes = in.part();
      var read = FrameReader.read(new ByteArrayInputStream(bytes), bytes.length);
      compare(bytes, read);
      if (read instanceof Received frame) {
        side.leg.received(line, put(choice, frame, side.leg.next()));
      } else {
        side.leg.received(line, read);
      }
      if ((choice & LATER) == 0) {
        side.takeAll();
      }
    }
    side.close();
  }

  private static Received put(int choice, Received f, long next) {
    long number = (choice & NEXT) != 0 ? next : f.number();
    int checksum =
        (choice & RIGHT) != 0
            ? Checksum.of(number, f.opening(), f.end(), f.data(), f.length())
            : f.checksum();
    return new Received(
        f.hello(),
        f.welcome(),
        f.acknowledged(),
        number,
        checksum,
        f.opening(),
        f.end(),
        f.abort(),
        f.data(),
        f.length(),
        f.wireBytes());
  }

  /** What protobuf refuses is refused here; what is read is what protobuf reads. */
  private static void compare(byte[] bytes, Inbound read) {
    Frame frame;
    try {
      frame = Frame.parseFrom(bytes);
    } catch (InvalidProtocolBufferException e) {
      assertThat(read).isInstanceOf(Inbound.Malformed.class);
      return;
    }
    if (read instanceof Received r) {
      assertThat(r.number()).isEqualTo(frame.getNumber());
      assertThat(r.acknowledged()).isEqualTo(frame.getAcknowledged());
      assertThat(r.checksum()).isEqualTo(frame.getChecksum());
      assertThat(r.opening()).isEqualTo(frame.hasOpening() ? frame.getOpening() : null);
      assertThat(r.end()).isEqualTo(frame.hasEnd() ? frame.getEnd() : null);
      assertThat(r.hello()).isEqualTo(frame.hasHello() ? frame.getHello() : null);
      assertThat(r.welcome()).isEqualTo(frame.hasWelcome() ? frame.getWelcome() : null);
      assertThat(r.abort() == null ? "" : r.abort()).isEqualTo(frame.getAbort());
      assertThat(ByteString.copyFrom(r.data(), 0, r.length())).isEqualTo(frame.getData());
    } else {
      assertThat(((Inbound.Malformed) read).reason()).startsWith("frame: ");
    }
  }
}
