package dev.anabranch.core.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Arithmetic over long runs of numbers off the heap, block by block through arrays, which the
 * compiler turns into vector instructions. Every element is computed alone, so blocks change no
 * bit. Of numbers that lie in a file, no more than a window is resident at a time.
 */
public final class Sweeps {
  private static final int BLOCK = 2048;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final int INFINITY = 0x7F800000;

  private Sweeps() {}

  /** Lets go of the pages that a sweep has passed, of memory that lies in a file. */
  private static final class Passing {
    private static final long WINDOW = 1 << 20;

    private final MemorySegment data;
    private final boolean mapped;
    private long from;

    Passing(MemorySegment data) {
      this.data = data;
      this.mapped = data.isMapped();
    }

    /**
     * @param until bytes that have been read or written, from the beginning on
     */
    void passed(long until) {
      if (!mapped) {
        return;
      }
      from = Math.min(from, until);
      if (until - from >= WINDOW || until == data.byteSize()) {
        data.asSlice(from, until - from).unload();
        from = until == data.byteSize() ? 0 : until;
      }
    }
  }

  /** {@code out = a + factor · b} over floats, computed in double and rounded once. */
  public static void plusScaled(
      MemorySegment a, double factor, MemorySegment b, MemorySegment out) {
    float[] x = new float[BLOCK];
    float[] y = new float[BLOCK];
    var first = new Passing(a);
    var second = new Passing(b);
    var third = new Passing(out);
    long n = a.byteSize() / Float.BYTES;
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      MemorySegment.copy(a, FLOAT, from * Float.BYTES, x, 0, m);
      MemorySegment.copy(b, FLOAT, from * Float.BYTES, y, 0, m);
      for (int i = 0; i < m; i++) {
        x[i] = (float) (x[i] + factor * y[i]);
      }
      MemorySegment.copy(x, 0, out, FLOAT, from * Float.BYTES, m);
      first.passed((from + m) * Float.BYTES);
      second.passed((from + m) * Float.BYTES);
      third.passed((from + m) * Float.BYTES);
    }
  }

  /** {@code out = factor · a} over floats, computed in double and rounded once. */
  public static void scale(MemorySegment a, double factor, MemorySegment out) {
    float[] x = new float[BLOCK];
    var passing = new Passing(a);
    var made = new Passing(out);
    long n = a.byteSize() / Float.BYTES;
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      MemorySegment.copy(a, FLOAT, from * Float.BYTES, x, 0, m);
      for (int i = 0; i < m; i++) {
        x[i] = (float) (factor * x[i]);
      }
      MemorySegment.copy(x, 0, out, FLOAT, from * Float.BYTES, m);
      passing.passed((from + m) * Float.BYTES);
      made.passed((from + m) * Float.BYTES);
    }
  }

  /** True if no float is NaN or infinite. */
  public static boolean isFinite(MemorySegment a) {
    int[] x = new int[BLOCK];
    var passing = new Passing(a);
    long n = a.byteSize() / Float.BYTES;
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      MemorySegment.copy(a, BITS, from * Float.BYTES, x, 0, m);
      int most = 0;
      for (int i = 0; i < m; i++) {
        most = Math.max(most, x[i] & Integer.MAX_VALUE);
      }
      if (most >= INFINITY) {
        return false;
      }
      passing.passed((from + m) * Float.BYTES);
    }
    return true;
  }

  /** Numbers that can be read from any place on, as doubles. Not thread-safe. */
  public interface Numbers {
    long size();

    /**
     * @param count at most 2048
     */
    void read(long from, int count, double[] out);
  }

  /** Each float times a weight. */
  public static Numbers floats(MemorySegment data, double weight) {
    float[] floats = new float[BLOCK];
    var passing = new Passing(data);
    return new Numbers() {
      @Override
      public long size() {
        return data.byteSize() / Float.BYTES;
      }

      @Override
      public void read(long from, int count, double[] out) {
        MemorySegment.copy(data, FLOAT, from * Float.BYTES, floats, 0, count);
        for (int i = 0; i < count; i++) {
          out[i] = weight * floats[i];
        }
        passing.passed((from + count) * Float.BYTES);
      }
    };
  }

  /** Doubles whose bits {@link #compute} has laid into two blocks. */
  public static Numbers doubles(MemorySegment upper, MemorySegment lower) {
    int[] high = new int[BLOCK];
    int[] low = new int[BLOCK];
    var uppers = new Passing(upper);
    var lowers = new Passing(lower);
    return new Numbers() {
      @Override
      public long size() {
        return upper.byteSize() / Integer.BYTES;
      }

      @Override
      public void read(long from, int count, double[] out) {
        MemorySegment.copy(upper, BITS, from * Integer.BYTES, high, 0, count);
        MemorySegment.copy(lower, BITS, from * Integer.BYTES, low, 0, count);
        for (int i = 0; i < count; i++) {
          out[i] = Double.longBitsToDouble((long) high[i] << 32 | low[i] & 0xFFFFFFFFL);
        }
        uppers.passed((from + count) * Integer.BYTES);
        lowers.passed((from + count) * Integer.BYTES);
      }
    };
  }

  /** {@code a + b}, element by element. */
  public static Numbers sum(Numbers a, Numbers b) {
    double[] other = new double[BLOCK];
    return new Numbers() {
      @Override
      public long size() {
        return a.size();
      }

      @Override
      public void read(long from, int count, double[] out) {
        a.read(from, count, out);
        b.read(from, count, other);
        for (int i = 0; i < count; i++) {
          out[i] += other[i];
        }
      }
    };
  }

  /**
   * Writes doubles, the upper 32 bits of each into one block and the lower into another; both may
   * be memory that the numbers read.
   */
  public static void compute(Numbers numbers, MemorySegment upper, MemorySegment lower) {
    double[] x = new double[BLOCK];
    int[] high = new int[BLOCK];
    int[] low = new int[BLOCK];
    var uppers = new Passing(upper);
    var lowers = new Passing(lower);
    long n = numbers.size();
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      numbers.read(from, m, x);
      for (int i = 0; i < m; i++) {
        long bits = Double.doubleToRawLongBits(x[i]);
        high[i] = (int) (bits >>> 32);
        low[i] = (int) bits;
      }
      MemorySegment.copy(high, 0, upper, BITS, from * Integer.BYTES, m);
      MemorySegment.copy(low, 0, lower, BITS, from * Integer.BYTES, m);
      uppers.passed((from + m) * Integer.BYTES);
      lowers.passed((from + m) * Integer.BYTES);
    }
  }

  /** {@code out = factor · numbers}, rounded to float; {@code out} may be memory that they read. */
  public static void rounded(Numbers numbers, double factor, MemorySegment out) {
    float[] floats = new float[BLOCK];
    double[] x = new double[BLOCK];
    var made = new Passing(out);
    long n = numbers.size();
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      numbers.read(from, m, x);
      for (int i = 0; i < m; i++) {
        floats[i] = (float) (factor * x[i]);
      }
      MemorySegment.copy(floats, 0, out, FLOAT, from * Float.BYTES, m);
      made.passed((from + m) * Float.BYTES);
    }
  }
}
