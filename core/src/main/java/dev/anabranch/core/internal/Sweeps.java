package dev.anabranch.core.internal;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/**
 * Arithmetic over long runs of numbers off the heap, block by block through arrays, which the
 * compiler turns into vector instructions. Every element is computed alone, so blocks change no
 * bit.
 */
public final class Sweeps {
  private static final int BLOCK = 2048;
  private static final ValueLayout.OfFloat FLOAT =
      ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfInt BITS =
      ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfDouble DOUBLE = ValueLayout.JAVA_DOUBLE_UNALIGNED;
  private static final int INFINITY = 0x7F800000;

  private Sweeps() {}

  /** {@code out = a + factor · b} over floats, computed in double and rounded once. */
  public static void plusScaled(
      MemorySegment a, double factor, MemorySegment b, MemorySegment out) {
    float[] x = new float[BLOCK];
    float[] y = new float[BLOCK];
    long n = a.byteSize() / Float.BYTES;
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      MemorySegment.copy(a, FLOAT, from * Float.BYTES, x, 0, m);
      MemorySegment.copy(b, FLOAT, from * Float.BYTES, y, 0, m);
      for (int i = 0; i < m; i++) {
        x[i] = (float) (x[i] + factor * y[i]);
      }
      MemorySegment.copy(x, 0, out, FLOAT, from * Float.BYTES, m);
    }
  }

  /** {@code out = factor · a} over floats, computed in double and rounded once. */
  public static void scale(MemorySegment a, double factor, MemorySegment out) {
    float[] x = new float[BLOCK];
    long n = a.byteSize() / Float.BYTES;
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      MemorySegment.copy(a, FLOAT, from * Float.BYTES, x, 0, m);
      for (int i = 0; i < m; i++) {
        x[i] = (float) (factor * x[i]);
      }
      MemorySegment.copy(x, 0, out, FLOAT, from * Float.BYTES, m);
    }
  }

  /** True if no float is NaN or infinite. */
  public static boolean isFinite(MemorySegment a) {
    int[] x = new int[BLOCK];
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
      }
    };
  }

  /** Doubles as they are. */
  public static Numbers doubles(MemorySegment data) {
    return new Numbers() {
      @Override
      public long size() {
        return data.byteSize() / Double.BYTES;
      }

      @Override
      public void read(long from, int count, double[] out) {
        MemorySegment.copy(data, DOUBLE, from * Double.BYTES, out, 0, count);
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

  /** Writes doubles; {@code out} may be memory that the numbers read. */
  public static void compute(Numbers numbers, MemorySegment out) {
    double[] x = new double[BLOCK];
    long n = numbers.size();
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      numbers.read(from, m, x);
      MemorySegment.copy(x, 0, out, DOUBLE, from * Double.BYTES, m);
    }
  }

  /** {@code out = factor · numbers}, rounded to float. */
  public static void rounded(Numbers numbers, double factor, MemorySegment out) {
    float[] floats = new float[BLOCK];
    double[] x = new double[BLOCK];
    long n = numbers.size();
    for (long from = 0; from < n; from += BLOCK) {
      int m = (int) Math.min(BLOCK, n - from);
      numbers.read(from, m, x);
      for (int i = 0; i < m; i++) {
        floats[i] = (float) (factor * x[i]);
      }
      MemorySegment.copy(floats, 0, out, FLOAT, from * Float.BYTES, m);
    }
  }
}
