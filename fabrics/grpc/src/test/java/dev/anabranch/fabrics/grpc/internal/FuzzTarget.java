package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Tensor;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A decoder, and what may come of bytes that somebody else has written: something sound, or a
 * refusal with a text of the house; memory within a limit that follows from the number of bytes;
 * and never anything else. Not thread-safe.
 */
abstract class FuzzTarget {
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  /** Heap that a decoder may take whatever it reads: blocks, exceptions, file channels. */
  private static final long HEAP = 256 << 10;

  /** Heap for each byte that is read: an empty frame has 3, and what checks it takes some too. */
  private static final long HEAP_PER_BYTE = 1024;

  /** Memory off the heap: what lies around its large blocks. */
  private static final long OFF_HEAP = 1 << 20;

  private final List<AutoCloseable> kept = new ArrayList<>();

  /** Inputs from which all others are made. */
  abstract List<byte[]> seeds();

  /** Decodes, and checks what comes of it. */
  abstract void decode(byte[] input) throws Exception;

  /** Closed once its memory has been counted. */
  final <T extends AutoCloseable> T keep(T made) {
    kept.add(made);
    return made;
  }

  /** Bytes off the heap that the last input, of so many bytes, may stand for. */
  long declared(int length) {
    return 4L * length;
  }

  /** How many changes of its inputs every build tries. */
  int changes() {
    return 3000;
  }

  /** One input; throws if the decoder does what it must not. */
  final void run(byte[] input) throws Exception {
    String above = "";
    for (int i = 0; i < 2 && above != null; i++) { // the first time, classes may have been loaded
      above = above(input);
    }
    if (above != null) {
      throw new AssertionError(above);
    }
  }

  /** What was taken beyond the limits; null if nothing was. */
  private @Nullable String above(byte[] input) throws Exception {
    long heapBefore = THREADS.getCurrentThreadAllocatedBytes();
    long offHeapBefore = Tensor.elsewhereBytes();
    try {
      decode(input);
    } catch (AnabranchException e) {
      assertThat(e).hasMessageContaining(" (expected: ");
    }
    long heap = THREADS.getCurrentThreadAllocatedBytes() - heapBefore;
    long offHeap = Tensor.elsewhereBytes() - offHeapBefore;
    for (var made : kept) {
      made.close();
    }
    kept.clear();
    long mostHeap = HEAP + HEAP_PER_BYTE * input.length;
    long mostOffHeap = OFF_HEAP + declared(input.length);
    return heap <= mostHeap && offHeap <= mostOffHeap
        ? null
        : "memory for %d bytes: %d on the heap, %d off it (expected: at most %d and %d)"
            .formatted(input.length, heap, offHeap, mostHeap, mostOffHeap);
  }
}
