package dev.anabranch.core.internal;

import dev.anabranch.core.Lanes;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A block of memory off the heap that is freed by {@link #close()}, or, if its owner forgot, when
 * the owner becomes unreachable. Thread-safe.
 *
 * <p>Large blocks that were freed are kept for the next one of about their size: a fresh block of
 * 90 MB costs more in page faults than the arithmetic on it. A view on a freed block throws,
 * whether or not its memory serves again.
 *
 * <p>Several owners may hold one block: it is freed when the last of them lets go.
 *
 * <p>A block may lie in a file instead: the system reads its pages when they are touched, and
 * {@link Sweeps} let go of those that they have passed.
 */
public final class OffHeap implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  /** Blocks below this size are left to the collector: closing a shared arena costs more. */
  private static final long SMALL = 1 << 16;

  /** Bytes of a file that are taken at a time. */
  private static final int ZEROS = 1 << 20;

  private static final Kept KEPT = new Kept();

  private static final AtomicLong ELSEWHERE = new AtomicLong();

  private final MemorySegment segment;
  private final @Nullable Block shared;
  private final Cleaner.@Nullable Cleanable cleanable;

  /** Freed large blocks, the latest first. Thread-safe. */
  private static final class Kept {
    private static final long LARGE = 1 << 20;
    private static final long LIMIT = 1L << 30;
    private static final long SHORT = 1L << 26;

    private final ArrayDeque<MemorySegment> blocks = new ArrayDeque<>();
    private long limit = LIMIT;
    private long bytes;

    /** The latest of the size that such a block has. */
    synchronized @Nullable MemorySegment take(long size) {
      long whole = rounded(size);
      for (var block : blocks) {
        if (block.byteSize() == whole) {
          blocks.removeFirstOccurrence(block);
          bytes -= whole;
          return block;
        }
      }
      return null;
    }

    synchronized long bytes() {
      return bytes;
    }

    /**
     * Large blocks have eight sizes between two powers of two, so that those of nearly one size
     * serve for each other; what is above the size that was asked for is never touched.
     */
    static long rounded(long size) {
      long step = Long.highestOneBit(size) / 8;
      return size < LARGE ? size : Math.ceilDiv(size, step) * step;
    }

    /** Gives the blocks that have to be freed. */
    synchronized ArrayDeque<MemorySegment> put(MemorySegment block) {
      var out = new ArrayDeque<MemorySegment>();
      if (block.byteSize() < LARGE || block.byteSize() > limit) {
        out.add(block);
        return out;
      }
      blocks.addFirst(block);
      bytes += block.byteSize();
      return above(out);
    }

    private ArrayDeque<MemorySegment> above(ArrayDeque<MemorySegment> out) {
      while (bytes > limit) {
        var oldest = blocks.removeLast();
        bytes -= oldest.byteSize();
        out.add(oldest);
      }
      return out;
    }

    /** From now on little is kept: memory is short. Gives the blocks that have to be freed. */
    synchronized ArrayDeque<MemorySegment> shrink() {
      limit = SHORT;
      return above(new ArrayDeque<>());
    }
  }

  private static final class Native {
    private static final MethodHandle MALLOC =
        handle("malloc", FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.JAVA_LONG));
    private static final MethodHandle FREE =
        handle("free", FunctionDescriptor.ofVoid(ValueLayout.ADDRESS));

    private static MethodHandle handle(String name, FunctionDescriptor type) {
      var linker = Linker.nativeLinker();
      return linker.downcallHandle(linker.defaultLookup().findOrThrow(name), type);
    }

    /**
     * Large pages make the first touch of a large block cheap; where there are none, it is slower.
     */
    private static final long HUGE_PAGE = 2 << 20;

    private static final long CACHE_LINE = 64;

    private static final int MADV_HUGEPAGE = 14;

    private static final @Nullable MethodHandle ALIGNED =
        optional(
            "aligned_alloc",
            FunctionDescriptor.of(
                ValueLayout.ADDRESS, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private static final @Nullable MethodHandle ADVISE =
        optional(
            "madvise",
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.ADDRESS,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));

    private static @Nullable MethodHandle optional(String name, FunctionDescriptor type) {
      var linker = Linker.nativeLinker();
      boolean linux = System.getProperty("os.name", "").startsWith("Linux");
      return linux
          ? linker.defaultLookup().find(name).map(f -> linker.downcallHandle(f, type)).orElse(null)
          : null;
    }

    private static MemorySegment raw(long bytes) throws Throwable {
      if (ALIGNED == null || ADVISE == null) {
        return (MemorySegment) MALLOC.invokeExact(bytes);
      }
      if (bytes < HUGE_PAGE) {
        long whole = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        return (MemorySegment) ALIGNED.invokeExact(CACHE_LINE, whole);
      }
      long whole = (bytes + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
      var block = (MemorySegment) ALIGNED.invokeExact(HUGE_PAGE, whole);
      if (block.address() != 0) {
        int ignored = (int) ADVISE.invokeExact(block, whole, MADV_HUGEPAGE);
      }
      return block;
    }

    static MemorySegment allocate(long bytes) {
      try {
        var block = raw(bytes);
        if (block.address() == 0) {
          throw new OutOfMemoryError(
              "memory off the heap: " + bytes + " bytes (expected: that much free)");
        }
        return block.reinterpret(bytes);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }

    static void free(MemorySegment block) {
      try {
        FREE.invokeExact(block);
      } catch (RuntimeException | Error e) {
        throw e;
      } catch (Throwable e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /** Memory and how many hold it. */
  private static final class Block {
    private final Arena arena;
    private final MemorySegment memory;
    private final AtomicInteger holders = new AtomicInteger(1);

    Block(MemorySegment memory) {
      this(memory, Arena.ofShared());
      moved(memory.byteSize());
    }

    /**
     * @param arena maps the memory, if it lies in a file
     */
    Block(MemorySegment memory, Arena arena) {
      this.memory = memory;
      this.arena = arena;
    }

    private static void moved(long bytes) {
      if (!(Thread.currentThread() instanceof Lanes.Runner)) {
        ELSEWHERE.addAndGet(bytes);
      }
    }

    void release() {
      if (holders.decrementAndGet() > 0) {
        return;
      }
      if (memory.isMapped()) {
        arena.close();
      } else {
        moved(-memory.byteSize());
        arena.close(); // first: no view may reach memory that serves again
        KEPT.put(memory).forEach(Native::free);
      }
    }
  }

  /** One owner's hold on a block, which ends once. */
  private static final class Release implements Runnable {
    private final Block block;
    private final AtomicBoolean done = new AtomicBoolean();

    Release(Block block) {
      this.block = block;
    }

    @Override
    public void run() {
      if (done.compareAndSet(false, true)) {
        block.release();
      }
    }
  }

  private OffHeap(long bytes, boolean zeroed) {
    if (bytes < SMALL) {
      segment = Arena.ofAuto().allocate(bytes, 64);
      shared = null;
      cleanable = null;
      return;
    }
    var kept = KEPT.take(bytes);
    var block = new Block(kept != null ? kept : Native.allocate(Kept.rounded(bytes)));
    segment = block.memory.asSlice(0, bytes).reinterpret(block.arena, null);
    if (zeroed) {
      segment.fill((byte) 0);
    }
    shared = block;
    cleanable = CLEANER.register(this, new Release(block));
  }

  private OffHeap(MemorySegment segment, @Nullable Block block) {
    this.segment = segment;
    shared = block;
    cleanable = block == null ? null : CLEANER.register(this, new Release(block));
  }

  /** Zeroed memory. */
  public static OffHeap allocate(long bytes) {
    return new OffHeap(bytes, true);
  }

  /** Memory with anything in it, for an owner that writes all of it before anyone reads. */
  public static OffHeap room(long bytes) {
    return new OffHeap(bytes, false);
  }

  /**
   * A part of a file, to be read.
   *
   * @param bytes above 0
   */
  public static OffHeap of(FileChannel file, long at, long bytes) throws IOException {
    return mapped(file, MapMode.READ_ONLY, at, bytes);
  }

  /**
   * The same, to be read and written: what is written stays in memory, the file as it is.
   *
   * @param bytes above 0
   */
  public static OffHeap copyOf(FileChannel file, long at, long bytes) throws IOException {
    return mapped(file, MapMode.PRIVATE, at, bytes);
  }

  /**
   * Zeroed memory in a file without a name, whose room on the disk is taken at once. Whoever needs
   * it is short of memory: from now on, little of what is freed is kept.
   *
   * @param folder on whose disk; null: where temporary files are
   * @param bytes above 0
   */
  public static OffHeap inFile(@Nullable Path folder, long bytes) throws IOException {
    if (bytes >= Kept.LARGE) {
      KEPT.shrink().forEach(Native::free);
    }
    var file =
        folder == null
            ? Files.createTempFile("anabranch", ".bin")
            : Files.createTempFile(Files.createDirectories(folder), "anabranch", ".bin");
    try (var channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      var zeros = ByteBuffer.allocateDirect((int) Math.min(bytes, ZEROS));
      for (long at = 0; at < bytes; ) {
        at += channel.write(zeros.clear().limit((int) Math.min(ZEROS, bytes - at)), at);
      }
      return mapped(channel, MapMode.READ_WRITE, 0, bytes);
    } finally {
      Files.deleteIfExists(file);
    }
  }

  private static OffHeap mapped(FileChannel file, MapMode mode, long at, long bytes)
      throws IOException {
    var arena = Arena.ofShared();
    try {
      var memory = file.map(mode, at, bytes, arena);
      return new OffHeap(memory, new Block(memory, arena));
    } catch (IOException | RuntimeException e) {
      arena.close();
      throw e;
    }
  }

  /** Bytes that were freed and wait for the next block of their size. */
  public static long idleBytes() {
    return KEPT.bytes();
  }

  /** Bytes of blocks allocated, less those freed, by other threads than lanes. */
  public static long elsewhereBytes() {
    return ELSEWHERE.get();
  }

  public MemorySegment segment() {
    return segment;
  }

  /** A second owner of the same memory, who closes it for itself; not on a freed block. */
  public OffHeap share() {
    if (shared != null) {
      shared.holders.incrementAndGet();
    }
    return new OffHeap(segment, shared);
  }

  /** Whether this is a large block's only owner, and may write into it. */
  public boolean exclusive() {
    return shared != null && shared.holders.get() == 1 && !segment.isReadOnly();
  }

  /** Frees the memory. Closing twice is allowed. */
  @Override
  public void close() {
    if (cleanable != null) {
      cleanable.clean();
    }
  }
}
