package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Update;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireOut;
import dev.anabranch.parts.KeepLargest;
import dev.anabranch.parts.PackedHidden;
import dev.anabranch.parts.RowSlices;
import dev.anabranch.parts.Sketch;
import dev.anabranch.parts.ValueCodecs;
import dev.anabranch.testkit.CodecForm;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * Every codec of every message form, on bytes of the wire: a choice of the codec, the head as a
 * part, and the body.
 */
final class CodecsFuzz extends FuzzTarget {
  /** New ones stand at the end, or the choices of inputs that were kept mean others. */
  static final List<String> VALUES =
      List.of("fp32", "fp16", "bf16", "int8", "topk(0.01)", "topk(0.0001,feedback)");

  /**
   * A codec and messages of it.
   *
   * @param expansion bytes that one byte of a message may stand for
   * @param more bytes that any message may stand for
   */
  private record Case<T>(Codec<T> codec, List<T> messages, double expansion, long more) {}

  private final List<Case<?>> cases = new ArrayList<>();
  private double expansion = 4;
  private long more;

  CodecsFuzz() {
    VALUES.forEach(this::values);
    cases.add(new Case<>(Codecs.WHOLE, List.of(7L), 4, 0));
    cases.add(new Case<>(Codecs.REAL, List.of(0.5), 4, 0));
    var maps = messages(CodecForm.MAPS);
    var sketches = new ArrayList<Sketch>();
    for (var map : maps) {
      sketches.add(Sketch.of(map, 0.5, true));
      sketches.add(Sketch.of(map, 0.9, false));
      sketches.add(Sketch.of(map, 0, true));
    }
    cases.add(new Case<>(Sketch.CODEC, sketches, 40, 0));
    // One value of 19,999 travels, with its number.
    cases.add(new Case<>(new KeepLargest(0.9, 0), maps, 20_000, 0));
    cases.add(new Case<>(new KeepLargest(0.3, 0), maps, 20_000, 0));
    cases.add(new Case<>(Codecs.update(KeepLargest.any()), messages(CodecForm.UPDATES), 20_000, 0));
  }

  private void values(String text) {
    var values = ValueCodecs.parse("codec", text);
    double times =
        switch (text) {
          case "topk(0.01)" -> 200;
          case "topk(0.0001,feedback)" -> 20_000;
          default -> 8; // 2 bytes a value become 4, and are copied once
        };
    cases.add(new Case<>(values, messages(CodecForm.TENSORS), times, 0));
    cases.add(new Case<>(Codecs.TENSORS.over(values), messages(CodecForm.MAPS), times, 0));
    cases.add(new Case<>(Codecs.UPDATE.over(values), messages(CodecForm.UPDATES), times, 0));
    cases.add(new Case<>(Codecs.HIDDEN.over(values), messages(CodecForm.HIDDEN), times, 0));
    for (var slices :
        List.of(RowSlices.valid(), RowSlices.prompts(2), new RowSlices(RowSlices.Mode.CLS, 1))) {
      var packed = new PackedHidden(slices, values);
      cases.add(new Case<>(packed, messages(CodecForm.HIDDEN), 5000 * times, 8 << 20));
    }
  }

  private static <T> List<T> messages(CodecForm<T> form) {
    var out = new ArrayList<T>();
    for (long seed = 1; seed < 6; seed++) {
      out.add(form.message(seed, seed, false));
    }
    return out;
  }

  @Override
  long declared(int length) {
    return (long) (expansion * length) + more;
  }

  @Override
  List<byte[]> seeds() {
    var out = new ArrayList<byte[]>();
    for (int i = 0; i < cases.size(); i++) {
      add(cases.get(i), i, out);
    }
    return out;
  }

  private static <T> void add(Case<T> one, int choice, List<byte[]> out) {
    for (var message : one.messages) {
      var to = new WireOut();
      one.codec.encode(message, to, Memory.NONE);
      try (var wire = to.finish()) {
        byte[] head = wire.head().toArray(ValueLayout.JAVA_BYTE);
        byte[] body = wire.body().toArray(ValueLayout.JAVA_BYTE);
        out.add(FuzzInput.join(FuzzInput.of(choice, head), body));
      }
    }
  }

  @Override
  void decode(byte[] input) {
    var in = new FuzzInput(input);
    var one = cases.get(in.choice() % cases.size());
    expansion = one.expansion;
    more = one.more;
    byte[] head = in.part();
    byte[] body = in.rest();
    var out = new WireOut(body.length);
    out.put(MemorySegment.ofArray(body));
    var whole = keep(out.finish());
    try (var wire = new Wire(MemorySegment.ofArray(head), whole.body(), () -> {})) {
      var from = wire.open();
      Object message = one.codec.decode(from, Memory.NONE);
      from.end();
      check(message);
    }
  }

  /** A message that was not refused can be used. */
  private void check(Object message) {
    switch (message) {
      case Tensor t -> sound(t);
      case TensorMap m -> sound(m);
      case Update u -> {
        sound(u.delta());
        sound(u.notes());
        assertThat(u.defect()).isNotNull();
      }
      case Hidden h -> {
        sound(h.values());
        assertThat(h.lengths()).hasSize((int) h.values().size(0));
      }
      case Sketch s -> sound(keep(s.recover(null)));
      default -> assertThat(message).isInstanceOf(Number.class);
    }
  }

  private void sound(TensorMap map) {
    keep(map);
    long bytes = 0;
    for (var spec : map.specs()) {
      bytes += map.get(spec.name()).data().byteSize();
    }
    assertThat(bytes).isEqualTo(map.data().byteSize());
    assertThat(map.isFinite()).isIn(true, false);
  }

  private void sound(Tensor tensor) {
    keep(tensor);
    assertThat(tensor.data().byteSize()).isEqualTo(4 * Tensor.elements(tensor.shape()));
    assertThat(tensor.isFinite()).isIn(true, false);
  }
}
