package dev.anabranch.torch.internal;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.pytorch.Allocator;
import org.bytedeco.pytorch.global.torch;

/**
 * Counts the bytes of tensors to the last one, while it is asked to: it stands before libtorch's
 * allocator of the CPU. What is allocated meanwhile may be freed at any later time. Thread-safe;
 * one at a time may count.
 *
 * <p>An allocator is an object with virtual functions. This one has those of libtorch's own, but
 * for two: the one that allocates, which notes how much and names another function that frees, and
 * the one that tells that function. Where the pinned libtorch is laid out otherwise, it says so
 * instead of counting.
 */
final class Allocations {
  private static final Linker LINKER = Linker.nativeLinker();
  private static final long WORD = Long.BYTES;
  private static final long BEFORE = 2 * WORD; // of a table of virtual functions: its type
  private static final long ALLOCATE = BEFORE + 2 * WORD; // behind two destructors
  private static final long DELETER = BEFORE + 4 * WORD;
  private static final long TABLE = BEFORE + 6 * WORD;
  private static final long DATA_PTR = 4 * WORD; // c10::DataPtr: data, owner and deleter, device

  private final AtomicLong live = new AtomicLong();
  private final ConcurrentHashMap<Long, Long> sizes = new ConcurrentHashMap<>();
  private final Semaphore free = new Semaphore(1);
  private final Allocator plain;
  private final Allocator counting;
  private final MemorySegment plainSelf;
  private final MemorySegment plainDeleter;
  private final MethodHandle allocate;
  private final MethodHandle delete;
  private final MemorySegment deleter;

  private static final class Holder {
    static final Allocations ONE = new Allocations();
  }

  private Allocations() {
    LibTorch.boot();
    plain = torch.GetAllocator(torch.DeviceType.CPU);
    plainSelf = MemorySegment.ofAddress(plain.address()).reinterpret(WORD);
    var table = MemorySegment.ofAddress(plainSelf.get(JAVA_LONG, 0) - BEFORE).reinterpret(TABLE);
    allocate =
        LINKER.downcallHandle(
            table.get(ADDRESS, ALLOCATE),
            FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG));
    plainDeleter = deleterOf(table.get(ADDRESS, DELETER));
    delete = LINKER.downcallHandle(plainDeleter, FunctionDescriptor.ofVoid(ADDRESS));
    deleter =
        stub(
            "freed",
            MethodType.methodType(void.class, MemorySegment.class),
            FunctionDescriptor.ofVoid(ADDRESS));
    var mine = Arena.global().allocate(TABLE, WORD).copyFrom(table);
    mine.set(
        ADDRESS,
        ALLOCATE,
        stub(
            "allocated",
            MethodType.methodType(
                MemorySegment.class, MemorySegment.class, MemorySegment.class, long.class),
            FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, JAVA_LONG)));
    mine.set(
        ADDRESS,
        DELETER,
        stub(
            "deleter",
            MethodType.methodType(MemorySegment.class, MemorySegment.class),
            FunctionDescriptor.of(ADDRESS, ADDRESS)));
    var self = Arena.global().allocate(WORD, WORD);
    self.set(JAVA_LONG, 0, mine.address() + BEFORE);
    counting = new Allocator(new Tensors.SegmentPointer(self));
    counting.retainReference();
  }

  private MemorySegment deleterOf(MemorySegment function) {
    try {
      return (MemorySegment)
          LINKER
              .downcallHandle(function, FunctionDescriptor.of(ADDRESS, ADDRESS))
              .invokeExact(plainSelf);
    } catch (Throwable e) {
      throw new IllegalStateException("allocator: no deleter (expected: one)", e);
    }
  }

  private MemorySegment stub(String method, MethodType type, FunctionDescriptor native_) {
    try {
      var handle = MethodHandles.lookup().findVirtual(Allocations.class, method, type).bindTo(this);
      return LINKER.upcallStub(handle, native_, Arena.global());
    } catch (ReflectiveOperationException e) {
      throw new IllegalStateException(method + ": missing (expected: a method)", e);
    }
  }

  /** Called by libtorch; writes its answer where it is told to. */
  private MemorySegment allocated(MemorySegment answer, MemorySegment self, long bytes)
      throws Throwable {
    var out = (MemorySegment) allocate.invokeExact(answer, plainSelf, bytes);
    var words = answer.reinterpret(DATA_PTR);
    long data = words.get(JAVA_LONG, 0);
    if (data == 0) {
      return out;
    }
    for (long at = WORD; at < DATA_PTR; at += WORD) {
      if (words.get(JAVA_LONG, at) == plainDeleter.address()) {
        words.set(ADDRESS, at, deleter);
        sizes.put(data, bytes);
        live.addAndGet(bytes);
      }
    }
    return out;
  }

  /** Called by libtorch. */
  private void freed(MemorySegment data) throws Throwable {
    var bytes = sizes.remove(data.address());
    live.addAndGet(bytes == null ? 0 : -bytes);
    delete.invokeExact(data);
  }

  /** Called by libtorch. */
  private MemorySegment deleter(MemorySegment self) {
    return deleter;
  }

  /** Begins to count; waits until nobody else does. */
  static Count begin() {
    var one = Holder.ONE;
    one.free.acquireUninterruptibly();
    torch.SetAllocator(torch.DeviceType.CPU, one.counting);
    var count = new Count(one);
    long before = count.live();
    try (var probe = torch.empty(WORD)) {
      long grown = count.live() - before;
      if (grown != WORD * Float.BYTES || probe.numel() != WORD) {
        count.close();
        throw new IllegalStateException(
            "allocator: " + grown + " bytes (expected: " + WORD * Float.BYTES + ")");
      }
    }
    return count;
  }

  /** A time in which allocations are counted. */
  static final class Count implements AutoCloseable {
    private final Allocations all;
    private boolean closed;

    private Count(Allocations all) {
      this.all = all;
    }

    /** Bytes of tensors that were allocated while anybody counted and are not freed. */
    long live() {
      return all.live.get();
    }

    /** Ends it; closing twice is allowed. */
    @Override
    public void close() {
      if (!closed) {
        closed = true;
        torch.SetAllocator(torch.DeviceType.CPU, all.plain);
        all.free.release();
      }
    }
  }
}
