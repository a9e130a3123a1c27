package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.sun.management.ThreadMXBean;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Wire;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireOut;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.random.RandomGenerator;
import org.junit.jupiter.api.Test;

/**
 * What every codec of a message form has to hold; one subclass per codec, which states its payload
 * formula and, if it rounds, its bound.
 *
 * @param <T> the message
 */
public abstract class CodecContract<T> {
  /** Heap that a decoder may use whatever the message says: blocks, exceptions, warm-up. */
  private static final long HEAP_SLACK = 4 << 20;

  private final CodecForm<T> form;

  protected CodecContract(CodecForm<T> form) {
    this.form = form;
  }

  /** A new codec each time; all of them equal. */
  protected abstract Codec<T> codec();

  /** Payload bytes of a message, by the codec's own formula. */
  protected abstract long payload(T message);

  /**
   * For a rounding codec: how far a finite value may be from its original.
   *
   * @param largest magnitude in its row, a run along the last axis
   */
  protected double bound(float value, float largest) {
    return 0;
  }

  /** The part of a message that the codec is meant to carry: what its claim is about. */
  protected T carried(T message) {
    return message;
  }

  /** Decoded bytes that one byte of a message may stand for, beyond 4 MiB. */
  protected double expansion() {
    return 4;
  }

  private List<T> messages() {
    var random = Seeds.stream(7, form, "messages");
    var all = new ArrayList<>(form.edges());
    for (int i = 0; i < 40; i++) {
      all.add(form.message(random.nextLong(), random.nextLong(), false));
    }
    if (codec().fidelity() == Fidelity.EXACT) {
      for (int i = 0; i < 10; i++) {
        all.add(form.message(random.nextLong(), random.nextLong(), true));
      }
    }
    return all;
  }

  private static <T> Wire encode(Codec<T> codec, T message, Memory memory) {
    var out = new WireOut();
    codec.encode(message, out, memory);
    return out.finish();
  }

  private static <T> T decode(Codec<T> codec, Wire wire, Memory memory) {
    var in = wire.open();
    T message = codec.decode(in, memory);
    in.end();
    return message;
  }

  private static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  @Test
  void keepsTheFidelityItClaims() {
    for (T message : messages()) {
      var wire = encode(codec(), message, Memory.NONE);
      check(message, decode(codec(), wire, Memory.NONE));
    }
  }

  private void check(T message, T decoded) {
    var claimed = carried(message);
    assertThat(form.rest(decoded)).isEqualTo(form.rest(claimed));
    var before = form.tensors(claimed);
    var after = form.tensors(decoded);
    assertThat(after).hasSameSizeAs(before);
    for (int t = 0; t < before.size(); t++) {
      assertThat(after.get(t).shape()).isEqualTo(before.get(t).shape());
      check(before.get(t), after.get(t));
    }
  }

  private void check(Tensor before, Tensor after) {
    int width = before.rank() == 0 ? 1 : (int) before.size(before.rank() - 1);
    float largest = 0;
    for (int i = 0; i < before.elements(); i++) {
      if (i % width == 0) {
        largest = 0;
        for (int j = i; j < i + width; j++) {
          largest = Math.max(largest, Math.abs(before.get(j)));
        }
      }
      float was = before.get(i);
      float is = after.get(i);
      int bits = Float.floatToRawIntBits(is);
      switch (codec().fidelity()) {
        case EXACT -> assertThat(bits).isEqualTo(Float.floatToRawIntBits(was));
        case ROUNDED ->
            assertThat(Math.abs((double) is - was))
                .as("%s -> %s in a row of at most %s", was, is, largest)
                .isLessThanOrEqualTo(bound(was, largest));
        case SPARSE ->
            assertThat(bits == 0 || bits == Float.floatToRawIntBits(was))
                .as("%s -> %s", was, is)
                .isTrue();
        case RANDOM -> assertThat(is).isFinite();
      }
    }
  }

  @Test
  void chargesTheBytesThatItWrites() {
    for (T message : messages()) {
      var wire = encode(codec(), message, Memory.NONE);
      assertThat(wire.payloadBytes()).isEqualTo(payload(message));
      assertThat(wire.payloadBytes()).isEqualTo(wire.body().byteSize());
      assertThat(wire.framingBytes()).isEqualTo(wire.head().byteSize());
    }
  }

  @Test
  void decodesAfterOtherMessagesWentThroughTheSameObject() {
    var codec = codec();
    var wires = messages().stream().map(m -> encode(codec, m, Memory.NONE)).toList();
    for (int i = wires.size() - 1; i >= 0; i--) {
      check(messages().get(i), decode(codec, wires.get(i), Memory.NONE));
    }
  }

  @Test
  void writesTheSameBytesForTheSameMessage() {
    var codec = codec();
    var one = messages();
    var two = messages();
    for (int i = 0; i < one.size(); i++) {
      assertSameBytes(
          encode(codec, one.get(i), new MapMemory()), encode(codec(), two.get(i), new MapMemory()));
    }
  }

  private static void assertSameBytes(Wire one, Wire two) {
    assertThat(bytes(one.head())).isEqualTo(bytes(two.head()));
    assertThat(bytes(one.body())).isEqualTo(bytes(two.body()));
  }

  @Test
  void hasAnIdThatStaysAndNamesItsWireVersion() {
    assertThat(codec().id()).isEqualTo(codec().id()).matches("[^\\s]+/[1-9][0-9]*");
  }

  @Test
  void keepsLinksApart() {
    var shared = codec();
    var memoryA = new MapMemory();
    var memoryB = new MapMemory();
    var aloneA = new MapMemory();
    var aloneB = new MapMemory();
    for (int i = 0; i < 6; i++) {
      T forA = form.message(3, i, false);
      T forB = form.message(3, 100 + i, false);
      var wireA = encode(shared, forA, memoryA);
      var wireB = encode(shared, forB, memoryB);
      assertSameBytes(wireA, encode(codec(), forA, aloneA));
      assertSameBytes(wireB, encode(codec(), forB, aloneB));
    }
  }

  /** With error feedback, what has come out and what is still owed are what went in. */
  @Test
  void losesNothingThatItRemembers() {
    for (long shape = 0; shape < 12; shape++) {
      var memory = new MapMemory();
      double[] in = new double[0];
      double[] out = in;
      T last = form.message(shape, 0, false);
      for (int i = 0; i < 8; i++) {
        T message = form.moderate(shape, i);
        var wire = encode(codec(), message, memory);
        in = plus(in, form.tensors(message));
        out = plus(out, form.tensors(decode(codec(), wire, memory)));
        last = message;
      }
      if (memory.values.isEmpty()) {
        continue; // remembers nothing
      }
      var owed = plus(out, residuals(last, memory));
      for (int i = 0; i < in.length; i++) {
        assertThat(owed[i]).isCloseTo(in[i], within(1e-4));
      }
    }
  }

  private List<Tensor> residuals(T message, MapMemory memory) {
    var names = form.scopes(message);
    var tensors = form.tensors(message);
    var out = new ArrayList<Tensor>();
    for (int t = 0; t < tensors.size(); t++) {
      var scope = names.get(t).isEmpty() ? "" : names.get(t) + "/";
      var kept = memory.get(scope + "residual");
      out.add(kept.map(m -> m.get("residual")).orElse(Tensor.zeros(tensors.get(t).shape())));
    }
    return out;
  }

  private static double[] plus(double[] sum, List<Tensor> more) {
    var all = new ArrayList<Double>();
    for (var tensor : more) {
      for (float v : tensor.toArray()) {
        all.add((all.size() < sum.length ? sum[all.size()] : 0) + v);
      }
    }
    return all.stream().mapToDouble(Double::doubleValue).toArray();
  }

  @Test
  void refusesMessagesThatAreCutShortOrTooLong() {
    var random = Seeds.stream(11, form, "cut");
    for (T message : messages()) {
      var wire = encode(codec(), message, Memory.NONE);
      byte[] head = bytes(wire.head());
      byte[] body = bytes(wire.body());
      if (head.length > 0) {
        refused(Arrays.copyOf(head, random.nextInt(head.length)), body);
      }
      if (body.length > 0) {
        refused(head, Arrays.copyOf(body, random.nextInt(body.length)));
      }
      refused(Arrays.copyOf(head, head.length + 1), body);
      refused(head, Arrays.copyOf(body, body.length + 1));
    }
  }

  private void refused(byte[] head, byte[] body) {
    assertThatThrownBy(() -> decode(codec(), wire(head, body), Memory.NONE))
        .isInstanceOf(WireException.class);
  }

  private static Wire wire(byte[] head, byte[] body) {
    var out = new WireOut();
    out.put(MemorySegment.ofArray(body));
    var whole = out.finish();
    return new Wire(MemorySegment.ofArray(head), whole.body(), whole);
  }

  /** Either the bytes are refused, or what comes out is no larger than they account for. */
  @Test
  void survivesGarbage() {
    var random = Seeds.stream(13, form, "garbage");
    for (int i = 0; i < 1500; i++) {
      var wire = encode(codec(), form.message(random.nextLong(), i, false), Memory.NONE);
      byte[] head = bytes(wire.head());
      byte[] body = bytes(wire.body());
      spoil(head, random);
      if (random.nextBoolean()) {
        spoil(body, random);
      }
      survives(head, body);
    }
  }

  private static void spoil(byte[] bytes, RandomGenerator random) {
    if (bytes.length == 0) {
      return;
    }
    for (int k = random.nextInt(1, 4); k > 0; k--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(4)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes[at] = (byte) random.nextInt();
        case 2 -> Arrays.fill(bytes, at, Math.min(bytes.length, at + 4), (byte) 0xFF);
        default -> {
          int from = at / 4 * 4; // most likely a count or a size
          if (from + 4 <= bytes.length) {
            bytes[from + 3] = 0x7F;
          }
        }
      }
    }
  }

  private void survives(byte[] head, byte[] body) {
    var threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    double allowed = expansion() * (head.length + body.length);
    try {
      T decoded = decode(codec(), wire(head, body), Memory.NONE);
      double size = form.tensors(decoded).stream().mapToLong(t -> t.data().byteSize()).sum();
      assertThat(size).isLessThanOrEqualTo(allowed + HEAP_SLACK);
    } catch (WireException e) {
      assertThat(e).hasMessageContaining("(expected: ");
    }
    assertThat((double) (threads.getCurrentThreadAllocatedBytes() - before))
        .isLessThanOrEqualTo(8 * allowed + HEAP_SLACK);
  }

  @Test
  void servesThreadsAtOnce() throws Exception {
    var codec = codec();
    var messages = messages();
    var alone = messages.stream().map(m -> bytes(encode(codec(), m, Memory.NONE).body())).toList();
    Callable<Void> task =
        () -> {
          for (int i = 0; i < messages.size(); i++) {
            var wire = encode(codec, messages.get(i), new MapMemory());
            assertThat(bytes(wire.body())).isEqualTo(alone.get(i));
            check(messages.get(i), decode(codec, wire, Memory.NONE));
          }
          return null;
        };
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (var done : threads.invokeAll(List.of(task, task, task, task))) {
        done.get();
      }
    }
  }

  /** A link's memory, whole and in order of key. */
  private static final class MapMemory implements Memory {
    private final TreeMap<String, TensorMap> values = new TreeMap<>();

    @Override
    public Optional<TensorMap> get(String key) {
      return Optional.ofNullable(values.get(key));
    }

    @Override
    public void put(String key, TensorMap value) {
      values.put(key, value);
    }

    @Override
    public void remove(String key) {
      values.remove(key);
    }
  }
}
