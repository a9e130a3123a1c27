package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class WireTest {
  private static WireIn open(Consumer<WireOut> write) {
    var out = new WireOut(0);
    write.accept(out);
    return out.finish().open();
  }

  @Test
  void readsWhatWasWritten() {
    var in =
        open(out -> {
          out.headInt(-7);
          out.headText("größe");
          out.putByte((byte) -1);
          out.headLong(Long.MIN_VALUE);
          out.putShort((short) 300);
          out.headDouble(-0.0);
          out.headShape(new long[] {3, 0, 5});
          out.headShape(new long[0]);
          out.headInts(new int[] {4, -4});
          out.putInt(9);
          out.putFloat(1.5f);
          out.put(MemorySegment.ofArray(new byte[] {1, 2}));
          out.reserve(1).set(java.lang.foreign.ValueLayout.JAVA_BYTE, 0, (byte) 3);
        });
    assertThat(in.headInt()).isEqualTo(-7);
    assertThat(in.headText()).isEqualTo("größe");
    assertThat(in.headLong()).isEqualTo(Long.MIN_VALUE);
    assertThat(in.headDouble()).isEqualTo(-0.0);
    assertThat(in.headShape()).containsExactly(3, 0, 5);
    assertThat(in.headShape()).isEmpty();
    assertThat(in.headInts()).containsExactly(4, -4);
    assertThat(in.getByte()).isEqualTo((byte) -1);
    assertThat(in.getShort()).isEqualTo((short) 300);
    assertThat(in.getInt()).isEqualTo(9);
    assertThat(in.getFloat()).isEqualTo(1.5f);
    assertThat(in.left()).isEqualTo(3);
    assertThat(in.get(3).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).containsExactly(1, 2, 3);
    in.end();
  }

  @Test
  void growsAndKeepsHeadAndBodyApart() {
    var out = new WireOut();
    for (int i = 0; i < 10_000; i++) {
      out.headInt(i);
      out.putInt(-i);
    }
    try (var wire = out.finish()) {
      assertThat(wire.framingBytes()).isEqualTo(40_000);
      assertThat(wire.payloadBytes()).isEqualTo(40_000);
      var in = wire.open();
      for (int i = 0; i < 10_000; i++) {
        assertThat(in.headInt()).isEqualTo(i);
        assertThat(in.getInt()).isEqualTo(-i);
      }
      in.end();
    }
  }

  private static void refused(Consumer<WireOut> write, Consumer<WireIn> read, String message) {
    assertThatThrownBy(() -> read.accept(open(write)))
        .isInstanceOf(WireException.class)
        .hasMessage(message)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.CORRUPT);
  }

  @Test
  void checksLengthsBeforeUse() {
    refused(out -> {}, WireIn::headInt, "message head: 0 bytes left (expected: 4)");
    refused(
        out -> out.putByte((byte) 0), WireIn::getInt, "message body: 1 bytes left (expected: 4)");
    refused(out -> {}, in -> in.get(-1), "message body: 0 bytes left (expected: -1)");
    refused(
        out -> out.headInt(Integer.MAX_VALUE),
        WireIn::headText,
        "message head: 0 bytes left (expected: 2147483647)");
    refused(out -> out.headInt(-1), WireIn::headText, "message head: 0 bytes left (expected: -1)");
    refused(out -> out.headInt(3), in -> in.headCount(2), "count: 3 (expected: 0 to 2)");
    refused(out -> out.headInt(-3), in -> in.headCount(2), "count: -3 (expected: 0 to 2)");
    refused(out -> out.headInt(1 << 20), WireIn::headInts, "count: 1048576 (expected: 0 to 0)");
    refused(
        out -> {
          out.headInt(0);
          out.putInt(0);
        },
        WireIn::end,
        "message: 4 + 4 bytes too many (expected: none)");
  }

  @Test
  void refusesShapesThatNoMemoryHolds() {
    refused(out -> out.headInt(9), WireIn::headShape, "count: 9 (expected: 0 to 8)");
    refused(
        out -> out.headShape(new long[] {-1}),
        WireIn::headShape,
        "shape: size -1 (expected: a tensor of at most 2^40 elements)");
    refused(
        out -> out.headShape(new long[] {1L << 40, 2}),
        WireIn::headShape,
        "shape: size 2 (expected: a tensor of at most 2^40 elements)");
    assertThat(open(out -> out.headShape(new long[] {1L << 40})).headShape())
        .containsExactly(1L << 40);
  }

  /** Large, so that its memory is handed on and not copied. */
  private static TensorMap large() {
    var map = TensorMap.zeros(java.util.List.of(TensorSpec.of("w", 100_000)));
    map.get("w").set(99_999, 7);
    return map;
  }

  @Test
  void messageOutlivesTheMapThatItWasMadeOf() {
    var map = large();
    var out = new WireOut();
    Codecs.TENSORS.encode(map, out, Memory.NONE);
    map.close();
    try (var wire = out.finish()) {
      assertThat(wire.payloadBytes()).isEqualTo(400_000);
      var read = Codecs.TENSORS.decode(wire.open(), Memory.NONE);
      assertThat(read.get("w").get(99_999)).isEqualTo(7);
    }
  }

  @Test
  void mapThatIsRetainedOutlivesItsMessage() {
    var out = new WireOut();
    try (var map = large()) {
      Codecs.TENSORS.encode(map, out, Memory.NONE);
    }
    var wire = out.finish();
    var view = Codecs.TENSORS.decode(wire.open(), Memory.NONE);
    try (var retained = view.retained()) {
      wire.close();
      assertThat(retained.get("w").get(99_999)).isEqualTo(7);
    }
    assertThatThrownBy(() -> view.get("w").get(0)).isInstanceOf(IllegalStateException.class);
  }

  @Test
  void writesOnBehindAMapThatWasHandedOver() {
    var out = new WireOut();
    try (var map = large()) {
      Codecs.TENSORS.encode(map, out, Memory.NONE);
      out.putInt(3);
      assertThat(map.get("w").get(99_999)).isEqualTo(7);
    }
    try (var wire = out.finish()) {
      var in = wire.open();
      assertThat(Codecs.TENSORS.decode(in, Memory.NONE).get("w").get(99_999)).isEqualTo(7);
      assertThat(in.getInt()).isEqualTo(3);
      in.end();
    }
  }
}
