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
 * 16-bit IEEE floats, rounded to nearest even: 2 bytes a value. Stateless; safe from any thread.
 *
 * <p>A finite value v comes out as v' with |v − v'| at most max(2^−11 |v|, 2^−25). Finite values
 * beyond ±65504 come out as ±65504, so that one large value does not make a whole message infinite;
 * infinities and NaN stay what they are.
 */
@Folklore("IEEE 754 binary16")
public final class Fp16 implements Codec<Tensor> {
  /** The largest finite value. */
  public static final float MAX = 65504f;

  /** For the list of codecs. */
  public static final class Provider implements ValueCodecProvider {
    @Override
    public Kind<Codec<Tensor>> kind() {
      return new Kind<>(
          "fp16",
          List.of("float16", "half"),
          "16-bit floats; finite values beyond ±65504 are clamped",
          List.of(),
          s -> new Fp16());
    }

    @Override
    public String payload() {
      return "2 n";
    }
  }

  @Override
  public String id() {
    return "fp16/1";
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
    float[] floats = new float[Blocks.size(n)];
    short[] halves = new short[floats.length];
    for (long at = 0; at < n; at += floats.length) {
      int m = (int) Math.min(floats.length, n - at);
      MemorySegment.copy(message.data(), Tensor.FLOAT, at * Float.BYTES, floats, 0, m);
      boolean overflow = false;
      for (int i = 0; i < m; i++) {
        halves[i] = Float.floatToFloat16(floats[i]);
      }
      for (int i = 0; i < m; i++) {
        overflow |= (halves[i] & 0x7FFF) == 0x7C00;
      }
      if (overflow) {
        clamp(floats, halves, m);
      }
      MemorySegment.copy(halves, 0, to, Blocks.SHORT, at * Short.BYTES, m);
    }
  }

  private static void clamp(float[] floats, short[] halves, int m) {
    for (int i = 0; i < m; i++) {
      if ((halves[i] & 0x7FFF) == 0x7C00 && Float.isFinite(floats[i])) {
        halves[i]--; // the neighbour of infinity is ±65504
      }
    }
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    long[] shape = in.headShape();
    long n = Tensor.elements(shape);
    var from = in.get(n * Short.BYTES);
    var out = Tensor.room(shape);
    short[] halves = new short[Blocks.size(n)];
    float[] floats = new float[halves.length];
    for (long at = 0; at < n; at += halves.length) {
      int m = (int) Math.min(halves.length, n - at);
      MemorySegment.copy(from, Blocks.SHORT, at * Short.BYTES, halves, 0, m);
      for (int i = 0; i < m; i++) {
        floats[i] = Float.float16ToFloat(halves[i]);
      }
      MemorySegment.copy(floats, 0, out.data(), Tensor.FLOAT, at * Float.BYTES, m);
    }
    return out;
  }
}
