package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;

/**
 * 8-bit whole numbers with one scale a row, symmetric around zero, after the paper's absmax
 * quantisation by rows: q = round(x / s), s = max|x| / 127 as a 32-bit float. A row is a run along
 * the last axis; a scalar is one row. Stateless; safe from any thread.
 *
 * <p>A value of a row with scale s comes out within 0.501 s (and 2^−143 where s is too small to be
 * written exactly); a row of zeros is exact. A row that holds a NaN or an infinity comes out as NaN
 * throughout, so that such values are never hidden.
 *
 * <p>Differs: outliers have no second, finer part of their own.
 */
@Paper(
    title = "LLM.int8(): 8-bit Matrix Multiplication for Transformers at Scale",
    url = "https://arxiv.org/abs/2208.07339")
public final class Int8 implements Codec<Tensor> {
  private static final int LEVELS = 127;

  /**
   * Adding and taking away 1.5 · 2^23 rounds a small float to the nearest whole number, ties to
   * even.
   */
  private static final float ROUND = 0x1.8p23f;

  /** For the list of codecs. */
  public static final class Provider implements ValueCodecProvider {
    @Override
    public Kind<Codec<Tensor>> kind() {
      return Kind.of(
          "int8",
          "8-bit whole numbers with one scale a row of the last axis",
          List.of(),
          s -> new Int8());
    }

    @Override
    public String payload() {
      return "n + 4 n / d";
    }
  }

  @Override
  public String id() {
    return "int8/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.ROUNDED;
  }

  /** Rows of a shape; a shape without elements has none. */
  private static long rows(long[] shape, long n) {
    return shape.length == 0 ? 1 : n == 0 ? 0 : n / shape[shape.length - 1];
  }

  @Override
  public void encode(Tensor message, WireOut out, Memory memory) {
    long[] shape = message.shape();
    out.headShape(shape);
    long n = message.elements();
    long rows = rows(shape, n);
    if (rows == 0) {
      return;
    }
    long width = n / rows;
    var to = out.reserve(rows * Float.BYTES + n); // scales first, then values
    float[] floats = new float[Blocks.size(width)];
    byte[] bytes = new byte[floats.length];
    for (long row = 0; row < rows; row++) {
      float scale = largest(message.data(), row * width, width, floats) / LEVELS;
      boolean finite = Float.isFinite(scale);
      to.setAtIndex(Tensor.FLOAT, row, finite ? scale : Float.NaN);
      for (long at = 0; at < width; at += floats.length) {
        int m = (int) Math.min(floats.length, width - at);
        long value = row * width + at;
        if (finite && scale > 0) {
          MemorySegment.copy(message.data(), Tensor.FLOAT, value * Float.BYTES, floats, 0, m);
          quantise(floats, scale, bytes, m);
        } else {
          Arrays.fill(bytes, 0, m, (byte) 0);
        }
        MemorySegment.copy(bytes, 0, to, ValueLayout.JAVA_BYTE, rows * Float.BYTES + value, m);
      }
    }
  }

  /** max|x| of a row; NaN or infinite if one of its values is. */
  private static float largest(MemorySegment data, long from, long width, float[] floats) {
    float max = 0;
    for (long at = 0; at < width; at += floats.length) {
      int m = (int) Math.min(floats.length, width - at);
      MemorySegment.copy(data, Tensor.FLOAT, (from + at) * Float.BYTES, floats, 0, m);
      for (int i = 0; i < m; i++) {
        max = Math.max(max, Math.abs(floats[i]));
      }
    }
    return max;
  }

  private static void quantise(float[] floats, float scale, byte[] bytes, int m) {
    for (int i = 0; i < m; i++) {
      float q = (floats[i] / scale + ROUND) - ROUND;
      bytes[i] = (byte) (int) Math.min(Math.max(q, -LEVELS), LEVELS);
    }
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    long[] shape = in.headShape();
    long n = Tensor.elements(shape);
    long rows = rows(shape, n);
    var scales = in.get(rows * Float.BYTES);
    var from = in.get(n);
    var out = Tensor.room(shape);
    long width = rows == 0 ? 0 : n / rows;
    byte[] bytes = new byte[Blocks.size(width)];
    float[] floats = new float[bytes.length];
    for (long row = 0; row < rows; row++) {
      float scale = scales.getAtIndex(Tensor.FLOAT, row);
      for (long at = 0; at < width; at += bytes.length) {
        int m = (int) Math.min(bytes.length, width - at);
        long value = row * width + at;
        MemorySegment.copy(from, ValueLayout.JAVA_BYTE, value, bytes, 0, m);
        for (int i = 0; i < m; i++) {
          // 127 · (max / 127) may round beyond the largest float.
          floats[i] = Math.min(Math.max(bytes[i] * scale, -Float.MAX_VALUE), Float.MAX_VALUE);
        }
        MemorySegment.copy(floats, 0, out.data(), Tensor.FLOAT, value * Float.BYTES, m);
      }
    }
    return out;
  }
}
