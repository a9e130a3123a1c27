package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import dev.anabranch.core.internal.Sweeps;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A value of 32-bit floats with a shape, off the heap, row-major and little-endian. Treated as
 * immutable once it has been handed on: whoever fills it does so before anyone else sees it. Safe
 * to read from any thread.
 *
 * <p>{@link #close()} frees the memory at once; a forgotten tensor is freed when it becomes
 * unreachable. A view shares the memory of its owner and keeps it reachable; closing a view does
 * nothing.
 */
public final class Tensor implements AutoCloseable {
  /**
   * Four bytes, in the byte order of the wire and of libtorch on every platform that is supported.
   */
  public static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private final long[] shape;
  private final MemorySegment data;
  private final @Nullable AutoCloseable owned;
  private final @Nullable Object keptAlive;

  private Tensor(
      long[] shape, MemorySegment data, @Nullable AutoCloseable owned, @Nullable Object keptAlive) {
    long elements = elements(shape);
    if (data.byteSize() != elements * Float.BYTES) {
      throw new IllegalArgumentException(
          "data: " + data.byteSize() + " bytes (expected: " + elements * Float.BYTES + ")");
    }
    this.shape = shape;
    this.data = data;
    this.owned = owned;
    this.keptAlive = keptAlive;
  }

  /** Zeros of a shape. */
  public static Tensor zeros(long... shape) {
    var memory = OffHeap.allocate(elements(shape) * Float.BYTES);
    return new Tensor(shape.clone(), memory.segment(), memory, null);
  }

  /** A tensor whose values are anything, for a maker who writes all of them before anyone reads. */
  public static Tensor room(long... shape) {
    var memory = OffHeap.room(elements(shape) * Float.BYTES);
    return new Tensor(shape.clone(), memory.segment(), memory, null);
  }

  /** A copy of values on the heap. */
  public static Tensor of(float[] values, long... shape) {
    var tensor = room(shape);
    MemorySegment.copy(values, 0, tensor.data, FLOAT, 0, values.length);
    return tensor;
  }

  /**
   * A view on memory that something else owns.
   *
   * @param owner kept reachable as long as the view is; may be null for memory that is never freed
   */
  public static Tensor view(MemorySegment data, @Nullable Object owner, long... shape) {
    return new Tensor(shape.clone(), data, null, owner);
  }

  /** Bytes off the heap that were freed, belong to nobody and wait to serve again. */
  public static long idleBytes() {
    return OffHeap.idleBytes();
  }

  /**
   * Bytes of values that were allocated by other threads than lanes, less those that such threads,
   * the collector's among them, have freed. What a piece of work on a lane takes is not in it.
   */
  public static long elsewhereBytes() {
    return OffHeap.elsewhereBytes();
  }

  /** The number of elements of a shape; the empty shape is a scalar. */
  public static long elements(long... shape) {
    long n = 1;
    for (long s : shape) {
      if (s < 0) {
        throw new IllegalArgumentException(
            "shape: " + Arrays.toString(shape) + " (expected: no negative size)");
      }
      n = Math.multiplyExact(n, s);
    }
    return n;
  }

  public long[] shape() {
    return shape.clone();
  }

  /** Size along one axis. */
  public long size(int axis) {
    return shape[axis];
  }

  public int rank() {
    return shape.length;
  }

  public long elements() {
    return data.byteSize() / Float.BYTES;
  }

  /** The values; {@code elements() * 4} bytes. */
  public MemorySegment data() {
    return data;
  }

  public float get(long index) {
    return data.getAtIndex(FLOAT, index);
  }

  /** Writes one value; only for whoever made the tensor, before it is handed on. */
  public void set(long index, float value) {
    data.setAtIndex(FLOAT, index, value);
  }

  public float[] toArray() {
    float[] out = new float[Math.toIntExact(elements())];
    MemorySegment.copy(data, FLOAT, 0, out, 0, out.length);
    return out;
  }

  /** The same values under another shape of equal size; a view. */
  public Tensor reshaped(long... to) {
    return new Tensor(to.clone(), data, null, this);
  }

  /** A copy that owns its memory. */
  public Tensor copy() {
    var out = room(shape);
    MemorySegment.copy(data, 0, out.data, 0, data.byteSize());
    return out;
  }

  /** True if no value is NaN or infinite. */
  public boolean isFinite() {
    return Sweeps.isFinite(data);
  }

  public boolean sameShape(Tensor other) {
    return Arrays.equals(shape, other.shape);
  }

  @Override
  public void close() {
    if (owned != null) {
      try {
        owned.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  @Override
  public String toString() {
    return "Tensor" + Arrays.toString(shape) + (keptAlive == null ? "" : " (view)");
  }
}
