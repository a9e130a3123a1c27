package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.anabranch.fabrics.grpc.internal.proto.End;
import dev.anabranch.fabrics.grpc.internal.proto.Frame;
import dev.anabranch.fabrics.grpc.internal.proto.Opening;
import dev.anabranch.fabrics.grpc.internal.proto.Welcome;
import java.io.ByteArrayInputStream;
import java.lang.management.ManagementFactory;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

/** The decoder of frames, against protobuf's own and against anything at all. */
class FrameReaderTest {
  private static Inbound read(byte[] bytes) {
    return FrameReader.read(new ByteArrayInputStream(bytes), bytes.length);
  }

  @Provide
  Arbitrary<Frame> frames() {
    var numbers = Arbitraries.longs().between(0, Long.MAX_VALUE);
    var data = Arbitraries.bytes().array(byte[].class).ofMaxSize(300);
    var text = Arbitraries.strings().ofMaxLength(20);
    return Combinators.combine(
            numbers,
            numbers,
            Arbitraries.integers(),
            data,
            text,
            Arbitraries.integers().between(0, 31))
        .as((number, acknowledged, checksum, bytes, name, which) -> {
          var frame =
              Frame.newBuilder()
                  .setNumber(number)
                  .setAcknowledged(acknowledged)
                  .setChecksum(checksum)
                  .setData(ByteString.copyFrom(bytes));
          if ((which & 1) != 0) {
            frame.setOpening(Opening.newBuilder().setTopic(name).setBodyBytes(number));
          }
          if ((which & 2) != 0) {
            frame.setEnd(End.newBuilder().setReason(name));
          }
          if ((which & 4) != 0) {
            frame.setWelcome(Welcome.newBuilder().setNext(number));
          }
          if ((which & 8) != 0) {
            frame.setAbort("x" + name);
          }
          if ((which & 16) != 0) {
            frame.setHello(Raw.hello(Bench.key(1), Bench.key(1).b()).setRun(name));
          }
          return frame.build();
        });
  }

  @Property(tries = 100)
  void readsWhatProtobufWrites(@ForAll("frames") Frame frame) {
    var read = (Received) read(frame.toByteArray());
    assertThat(read.number()).isEqualTo(frame.getNumber());
    assertThat(read.acknowledged()).isEqualTo(frame.getAcknowledged());
    assertThat(read.checksum()).isEqualTo(frame.getChecksum());
    assertThat(ByteString.copyFrom(read.data())).isEqualTo(frame.getData());
    assertThat(read.opening()).isEqualTo(frame.hasOpening() ? frame.getOpening() : null);
    assertThat(read.end()).isEqualTo(frame.hasEnd() ? frame.getEnd() : null);
    assertThat(read.welcome()).isEqualTo(frame.hasWelcome() ? frame.getWelcome() : null);
    assertThat(read.hello()).isEqualTo(frame.hasHello() ? frame.getHello() : null);
    assertThat(read.abort() == null ? "" : read.abort()).isEqualTo(frame.getAbort());
    assertThat(read.wireBytes()).isEqualTo(frame.getSerializedSize());
  }

  /** Never a crash; and what protobuf refuses is refused here. */
  @Property(tries = 1000)
  void anything_isReadOrRefused(@ForAll byte[] bytes) {
    agrees(bytes);
  }

  @Property(tries = 1000)
  void almostFrames_areReadOrRefused(
      @ForAll("frames") Frame frame, @ForAll int where, @ForAll byte what, @ForAll boolean cut) {
    byte[] bytes = frame.toByteArray();
    if (bytes.length > 0) {
      int at = Math.floorMod(where, bytes.length);
      bytes[at] ^= what;
      agrees(cut ? java.util.Arrays.copyOf(bytes, at) : bytes);
    }
  }

  private static void agrees(byte[] bytes) {
    boolean whole;
    try {
      Frame.parseFrom(bytes);
      whole = true;
    } catch (InvalidProtocolBufferException e) {
      whole = false;
    }
    var read = read(bytes);
    if (!whole) {
      assertThat(read).isInstanceOf(Inbound.Malformed.class);
    }
  }

  /** Readers that cut such a number off do not agree on what is left. */
  @Test
  void numberBeyond64Bits_isRefused() {
    byte[] acknowledged = {3 << 3, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0x36};
    assertThat(read(acknowledged))
        .isEqualTo(new Inbound.Malformed("frame: a number with 54 as its 10th byte (expected: 1)"));
  }

  @Test
  void declaredLengths_areCheckedBeforeAnythingIsAllocated() {
    // Field 9 (data), 2^31 - 1 bytes declared, none there.
    byte[] lie = {(9 << 3) | 2, -1, -1, -1, -1, 7};
    // Field 9, 2^63 - 1.
    byte[] worse = {(9 << 3) | 2, -1, -1, -1, -1, -1, -1, -1, -1, 127};
    byte[] tooMuch = new byte[Limits.MAX_FRAME + 100];
    tooMuch[0] = (9 << 3) | 2;
    int declared = Limits.MAX_FRAME + 1;
    tooMuch[1] = (byte) (declared | 0x80);
    tooMuch[2] = (byte) (declared >> 7 | 0x80);
    tooMuch[3] = (byte) (declared >> 14);
    read(lie);
    read(tooMuch);
    var threads = (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    var first = read(lie);
    var second = read(worse);
    var third = read(tooMuch);
    long allocated = threads.getCurrentThreadAllocatedBytes() - before;
    assertThat(first)
        .isEqualTo(
            new Inbound.Malformed("frame: a field of 2147483647 bytes (expected: at most 0)"));
    assertThat(second).isInstanceOf(Inbound.Malformed.class);
    assertThat(third)
        .isEqualTo(
            new Inbound.Malformed("frame: a field of 1048577 bytes (expected: at most 1048576)"));
    assertThat(allocated).isLessThan(100_000);
    assertThat(FrameReader.read(new ByteArrayInputStream(lie), FrameReader.MAX_WIRE + 1))
        .isInstanceOf(Inbound.Malformed.class);
  }
}
