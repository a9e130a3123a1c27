package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.anabranch.core.AnabranchException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;

/** What happens to a file on its way, and what a reader may do with it. */
final class Fuzz {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Loading classes takes some memory, whatever the file. */
  private static final long ALWAYS = 8 << 20;

  private static final long PER_BYTE = 1000;

  private Fuzz() {}

  /** One change: bytes overwritten from a place on. */
  record Change(double place, byte[] bytes) {}

  /** Changes to make, and how long the file is then, as a share of what it was. */
  record Damage(List<Change> changes, double length) {
    byte[] to(byte[] file) {
      byte[] out = Arrays.copyOf(file, (int) (file.length * length));
      for (var change : changes) {
        int at = (int) (change.place * file.length);
        for (int i = 0; i < change.bytes.length && at + i < out.length; i++) {
          out[at + i] = change.bytes[i];
        }
      }
      return out;
    }
  }

  /** A few bytes anywhere, among them extreme numbers and what JSON is made of. */
  static Arbitrary<Damage> damage() {
    var bytes =
        Arbitraries.oneOf(
            Arbitraries.bytes().array(byte[].class).ofMinSize(1).ofMaxSize(4),
            Arbitraries.of("{", "}", "[", "]", "\"", ",", ":", "9", "99", "-1", "0", "\\u", " ")
                .map(text -> text.getBytes(java.nio.charset.StandardCharsets.US_ASCII)),
            Arbitraries.of(0L, 1L, -1L, 255L, 1L << 31, 1L << 32, Long.MAX_VALUE, Long.MIN_VALUE)
                .map(value -> {
                  byte[] eight = new byte[8];
                  MemorySegment.ofArray(eight).set(ValueLayout.JAVA_LONG_UNALIGNED, 0, value);
                  return eight;
                }));
    var changes =
        Combinators.combine(Arbitraries.doubles().between(0, 1), bytes)
            .as(Change::new)
            .list()
            .ofMinSize(1)
            .ofMaxSize(6);
    var length =
        Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(4, Arbitraries.just(1.0)),
            net.jqwik.api.Tuple.of(1, Arbitraries.doubles().between(0, 1.2)));
    return Combinators.combine(changes, length).as(Damage::new);
  }

  /** Reads all that a file holds. */
  interface Reading {
    void of(Mapped file);
  }

  /** The file is read or refused, and neither takes memory beyond its size. */
  static void survives(byte[] file, Reading reading) {
    long thread = Thread.currentThread().threadId();
    try (var arena = Arena.ofConfined()) {
      var bytes = arena.allocate(file.length);
      MemorySegment.copy(file, 0, bytes, ValueLayout.JAVA_BYTE, 0, file.length);
      long before = THREADS.getThreadAllocatedBytes(thread);
      try {
        reading.of(new Mapped("file", arena, bytes));
      } catch (AnabranchException e) {
        assertThat(e).hasMessageContaining(" (expected: ");
      }
      assertThat(THREADS.getThreadAllocatedBytes(thread) - before)
          .isLessThan(ALWAYS + PER_BYTE * file.length);
    }
  }
}
