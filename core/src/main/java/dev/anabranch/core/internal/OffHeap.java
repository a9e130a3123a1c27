package dev.anabranch.core.internal;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A block of memory off the heap that is freed by {@link #close()}, or, if its owner forgot, when
 * the owner becomes unreachable. Thread-safe.
 */
public final class OffHeap implements AutoCloseable {
  private static final Cleaner CLEANER = Cleaner.create();

  /**
   * Blocks below this size are left to the collector: closing a shared arena costs more than they
   * do.
   */
  private static final long SMALL = 1 << 16;

  private final MemorySegment segment;
  private final Cleaner.@org.jspecify.annotations.Nullable Cleanable cleanable;

  private static final class Release implements Runnable {
    private final Arena arena;
    private final AtomicBoolean done = new AtomicBoolean();

    Release(Arena arena) {
      this.arena = arena;
    }

    @Override
    public void run() {
      if (done.compareAndSet(false, true)) {
        arena.close();
      }
    }
  }

  private OffHeap(long bytes) {
    if (bytes < SMALL) {
      segment = Arena.ofAuto().allocate(bytes, 64);
      cleanable = null;
    } else {
      var arena = Arena.ofShared();
      segment = arena.allocate(bytes, 64);
      cleanable = CLEANER.register(this, new Release(arena));
    }
  }

  /** Zeroed memory, aligned to 64 bytes. */
  public static OffHeap allocate(long bytes) {
    return new OffHeap(bytes);
  }

  public MemorySegment segment() {
    return segment;
  }

  /** Frees the memory. Closing twice is allowed. */
  @Override
  public void close() {
    if (cleanable != null) {
      cleanable.clean();
    }
  }
}
