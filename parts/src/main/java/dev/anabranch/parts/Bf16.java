package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The upper 16 bits of a 32-bit float, rounded to nearest even: 2 bytes a value, the range of
 * 32-bit floats with 8 bits of precision. Stateless; safe from any thread.
 *
 * <p>A finite value v comes out as v' with |v − v'| at most max(2^−8 |v|, 2^−134). Finite values
 * that would round to infinity come out as the largest finite one, ±3.39e38; infinities and NaN
 * stay what they are.
 */
@Folklore("bfloat16, the upper half of an IEEE 754 binary32")
public final class Bf16 implements Codec<Tensor> {
  private static final int INFINITE = 0x7F80_0000;
  private static final int LARGEST = 0x7F7F;
  private static final int QUIET = 0x40;

  /** For the list of codecs. */
  public static final class Provider implements ValueCodecProvider {
    @Override
    public Kind<Codec<Tensor>> kind() {
      return new Kind<>(
          "bf16",
          List.of("bfloat16"),
          "16-bit floats with the range of 32-bit ones and 8 bits of precision",
          List.of(),
          s -> new Bf16());
    }

    @Override
    public String payload() {
      return "2 n";
    }
  }

  @Override
  public String id() {
    return "bf16/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.ROUNDED;
  }

  @Override
  public void encode(Tensor message, WireOut out, Memory memory) {
    out.headShape(message.shape());
    long n = message.elements();
    var to = out.reserve(n * Short.BYTES);
    int[] words = new int[Blocks.size(n)];
    short[] halves = new short[words.length];
    for (long at = 0; at < n; at += words.length) {
      int m = (int) Math.min(words.length, n - at);
      MemorySegment.copy(message.data(), Blocks.INT, at * Float.BYTES, words, 0, m);
      for (int i = 0; i < m; i++) {
        halves[i] = (short) rounded(words[i]);
      }
      MemorySegment.copy(halves, 0, to, Blocks.SHORT, at * Short.BYTES, m);
    }
  }

  /** Without branches, so that the loop around it becomes vector code. */
  private static int rounded(int bits) {
    int size = bits & 0x7FFF_FFFF;
    int upper = size >>> 16;
    int near = Math.min((size + 0x7FFF + (upper & 1)) >>> 16, LARGEST);
    int finite = (size - INFINITE) >> 31; // all ones if so
    int nan = (INFINITE - size) >> 31;
    return ((bits >>> 16) & 0x8000) | (near & finite) | ((upper | (nan & QUIET)) & ~finite);
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    long[] shape = in.headShape();
    long n = Tensor.elements(shape);
    var from = in.get(n * Short.BYTES);
    var out = Tensor.room(shape);
    short[] halves = new short[Blocks.size(n)];
    int[] words = new int[halves.length];
    for (long at = 0; at < n; at += halves.length) {
      int m = (int) Math.min(halves.length, n - at);
      MemorySegment.copy(from, Blocks.SHORT, at * Short.BYTES, halves, 0, m);
      for (int i = 0; i < m; i++) {
        words[i] = halves[i] << 16;
      }
      MemorySegment.copy(words, 0, out.data(), Blocks.INT, at * Float.BYTES, m);
    }
    return out;
  }
}
