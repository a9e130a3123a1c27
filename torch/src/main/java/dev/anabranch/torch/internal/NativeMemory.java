package dev.anabranch.torch.internal;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.StructLayout;
import java.lang.invoke.MethodHandle;
import java.util.Collections;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that are allocated in this process by malloc right now, from glibc's {@code mallinfo2}.
 *
 * <p>Process-wide and good to about 2 MB: it also sees what the JVM itself allocates. Sample it
 * between operations of a visit that has the process to itself. Thread-safe.
 */
public final class NativeMemory {
  private static final int HBLKHD = 4; // bytes in blocks of their own (mmap)
  private static final int UORDBLKS = 7; // bytes in use in the arenas
  private static final StructLayout INFO =
      MemoryLayout.structLayout(Collections.nCopies(10, JAVA_LONG).toArray(MemoryLayout[]::new));
  private static final @Nullable MethodHandle MALLINFO2 = find();

  private NativeMemory() {}

  private static @Nullable MethodHandle find() {
    var linker = Linker.nativeLinker();
    return linker
        .defaultLookup()
        .find("mallinfo2")
        .map(address -> linker.downcallHandle(address, FunctionDescriptor.of(INFO)))
        .orElse(null);
  }

  /**
   * Live bytes, or empty where the C library has no {@code mallinfo2} (glibc before 2.33, musl).
   */
  public static OptionalLong live() {
    if (MALLINFO2 == null) {
      return OptionalLong.empty();
    }
    try (var arena = Arena.ofConfined()) {
      var info = (MemorySegment) MALLINFO2.invokeExact((SegmentAllocator) arena);
      return OptionalLong.of(
          info.getAtIndex(JAVA_LONG, HBLKHD) + info.getAtIndex(JAVA_LONG, UORDBLKS));
    } catch (Throwable e) {
      throw new IllegalStateException("mallinfo2: failed (expected: ten counters)", e);
    }
  }
}
