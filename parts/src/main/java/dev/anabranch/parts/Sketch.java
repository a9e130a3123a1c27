package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Variables of which the k smallest by magnitude, S, are known by little: all others are exact. Of
 * each in S there is its sign, and of all of them the mean μ and the largest M of their magnitudes
 * (top-k with 1-bit quantisation); or nothing, in a plain top-k. Whoever has an older copy recovers
 * a value in S from it where it agrees with what is known. Ties go to S by lower index. Immutable;
 * closing it frees its memory.
 *
 * <p>Over all variables in one row. Differs: with k = 0 the bitmap and the two numbers are left
 * out.
 *
 * @param specs names and shapes of the d values
 * @param k size of S
 * @param signs whether signs, μ and M are there
 * @param mean μ
 * @param largest M
 * @param data bitmap of S (d bits), signs in order (k bits, 1 below zero), d − k exact values
 */
@Paper(
    title = "Caesar: A Low-deviation Compression Approach for Efficient Federated Learning",
    url = "https://arxiv.org/abs/2412.19989")
public record Sketch(
    List<TensorSpec> specs,
    int k,
    boolean signs,
    float mean,
    float largest,
    MemorySegment data,
    @Nullable Tensor owner)
    implements AutoCloseable {
  /** As a message: 4 (d − k) + d / 8 + k / 8 + 8 bytes; 4 d if k = 0. */
  public static final Codec<Sketch> CODEC = new Form();

  private static long bytes(long d, long k, boolean signs) {
    return Float.BYTES * (d - k) + (k == 0 ? 0 : Bits.bytes(d)) + (signs ? Bits.bytes(k) : 0);
  }

  /**
   * A sketch of variables.
   *
   * @param share θ, 0 to 1: k = ⌊θ d⌋
   * @param signs whether to keep signs, μ and M
   */
  public static Sketch of(TensorMap values, double share, boolean signs) {
    long d = values.elements();
    int k = Blocks.floor(share, d);
    var owner = Tensor.room((bytes(d, k, signs) + 3) / 4);
    var data = owner.data().asSlice(0, bytes(d, k, signs));
    if (k == 0) {
      MemorySegment.copy(values.data(), 0, data, 0, data.byteSize());
      return new Sketch(values.specs(), 0, signs, 0, 0, data, owner);
    }
    var from = values.data();
    var exact = data.asSlice(data.byteSize() - Float.BYTES * (d - k));
    data.asSlice(0, data.byteSize() - exact.byteSize()).fill((byte) 0);
    var below = data.asSlice(Bits.bytes(d));
    var rank = Rank.smallest(from, d, k);
    long ties = rank.ties();
    long small = 0;
    double sum = 0;
    for (long i = 0; i < d; i++) {
      int key = Rank.key(from, i);
      float value = from.getAtIndex(Tensor.FLOAT, i);
      if (key < rank.key() || (key == rank.key() && ties-- > 0)) {
        Bits.set(data, i);
        sum += Math.abs(value);
        if (signs && Float.floatToRawIntBits(value) < 0) {
          Bits.set(below, small);
        }
        small++;
      } else {
        exact.setAtIndex(Tensor.FLOAT, i - small, value);
      }
    }
    float largest = Float.intBitsToFloat(rank.key());
    return new Sketch(values.specs(), k, signs, (float) (sum / k), largest, data, owner);
  }

  /**
   * The variables again. A value in S is that of the older copy if its sign is right and its
   * magnitude at most M, and sign · μ otherwise. In a plain top-k it is that of the copy, or 0
   * without one.
   *
   * @param stale an older copy; null if there is none
   */
  public TensorMap recover(@Nullable TensorMap stale) {
    if (stale != null) {
      stale.requireSpecs(specs);
    }
    var out = TensorMap.room(specs);
    long d = out.elements();
    var to = out.data();
    if (k == 0) {
      MemorySegment.copy(data, 0, to, 0, to.byteSize());
      return out;
    }
    var exact = data.asSlice(data.byteSize() - Float.BYTES * (d - k));
    var below = data.asSlice(Bits.bytes(d));
    long small = 0;
    for (long i = 0; i < d; i++) {
      if (Bits.get(data, i)) {
        boolean negative = signs && Bits.get(below, small);
        to.setAtIndex(Tensor.FLOAT, i, guess(stale, i, negative));
        small++;
      } else {
        to.setAtIndex(Tensor.FLOAT, i, exact.getAtIndex(Tensor.FLOAT, i - small));
      }
    }
    return out;
  }

  private float guess(@Nullable TensorMap stale, long i, boolean negative) {
    float old = stale == null ? 0 : stale.data().getAtIndex(Tensor.FLOAT, i);
    if (!signs) {
      return old;
    }
    boolean agrees =
        Float.floatToRawIntBits(old) < 0 == negative && Math.abs(old) <= largest && stale != null;
    return agrees ? old : negative ? -mean : mean;
  }

  @Override
  public void close() {
    if (owner != null) {
      owner.close();
    }
  }

  private record Form() implements Codec<Sketch> {
    @Override
    public String id() {
      return "sketch/1";
    }

    @Override
    public Fidelity fidelity() {
      return Fidelity.EXACT;
    }

    @Override
    public void encode(Sketch message, WireOut out, Memory memory) {
      FlatSpecs.write(message.specs, out);
      out.headInt(message.k);
      out.headInt(message.signs ? 1 : 0);
      if (message.k > 0 && message.signs) {
        out.putFloat(message.mean);
        out.putFloat(message.largest);
      }
      out.put(message.data);
    }

    @Override
    public Sketch decode(WireIn in, Memory memory) {
      var specs = FlatSpecs.read(in);
      long d = FlatSpecs.elements(specs);
      int k = in.headCount((int) d);
      boolean signs = in.headCount(1) == 1;
      float mean = k > 0 && signs ? in.getFloat() : 0;
      float largest = k > 0 && signs ? in.getFloat() : 0;
      var data = in.get(bytes(d, k, signs));
      if (k > 0 && Bits.count(data, d) != k) {
        throw new WireException("sketch: bits of the map (expected: " + k + " of " + d + ")");
      }
      return new Sketch(specs, k, signs, mean, largest, data, null);
    }
  }
}
