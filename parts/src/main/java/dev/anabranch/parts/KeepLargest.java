package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The n = d − ⌊θ d⌋ largest of d values by magnitude, over all variables in one row; the rest
 * arrive as zero. Where they lie is told by d bits, or by numbers of 32 bits where that is shorter:
 * 4 n + min(d / 8, 4 n) bytes, and 4 d if all are there. Ties go to the higher index. Any reader
 * reads what any writer writes, so the ratio may differ from message to message.
 *
 * <p>With feedback, what was left out is added to the next message of the link, scaled by {@code
 * feedback}; a residual of another shape is ignored. It lies in {@link Memory} under {@code
 * residual}, by name.
 *
 * @param left θ, 0 to 0.9999: share of values that stay behind
 * @param feedback share of what was left out that is made up for, 0 to 1
 */
@Paper(title = "Sparsified SGD with Memory", url = "https://arxiv.org/abs/1809.07599")
public record KeepLargest(double left, double feedback) implements Codec<TensorMap> {
  private static final int LEAST = 10_000;
  private static final String KEY = "residual";

  public KeepLargest {
    Check.that(left >= 0 && left < 1, "left", left, "0 to below 1");
    Check.that(feedback >= 0 && feedback <= 1, "feedback", feedback, "0 to 1");
  }

  /** A codec that reads what others of its kind write. */
  public static KeepLargest any() {
    return new KeepLargest(0, 0);
  }

  @Override
  public String id() {
    return "largest/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.SPARSE;
  }

  @Override
  public Codec<TensorMap> over(Codec<Tensor> values) {
    return Codecs.TENSORS.over(values);
  }

  private static boolean mapped(long d, long n) {
    return n < d && Bits.bytes(d) <= Integer.BYTES * n;
  }

  private static long least(long d) {
    return d == 0 ? 0 : Math.max(1, d / LEAST);
  }

  @Override
  public void encode(TensorMap message, WireOut out, Memory memory) {
    var values = feedback == 0 ? message : owed(message, memory);
    long d = values.elements();
    long n = Math.max(least(d), d - Blocks.floor(left, d));
    FlatSpecs.write(values.specs(), out);
    out.headInt((int) n);
    long map = n == d ? 0 : mapped(d, n) ? Bits.bytes(d) : Integer.BYTES * n;
    var to = out.reserve(map + Float.BYTES * n);
    var places = to.asSlice(0, map);
    var kept = to.asSlice(map);
    var rest = feedback == 0 ? null : values.copy();
    Bits.clear(places);
    choose(values.data(), d, n, places, kept, rest);
    if (rest != null) {
      remember(rest.scale(feedback), memory);
    }
  }

  private static void remember(TensorMap rest, Memory memory) {
    for (var spec : rest.specs()) {
      memory.scoped(spec.name()).put(KEY, TensorMap.of(Map.of(KEY, rest.get(spec.name()))));
    }
  }

  private static TensorMap owed(TensorMap message, Memory memory) {
    var residual = new LinkedHashMap<String, Tensor>();
    for (var spec : message.specs()) {
      var old = memory.scoped(spec.name()).get(KEY).map(map -> map.get(KEY));
      residual.put(
          spec.name(),
          old.filter(t -> t.sameShape(message.get(spec.name())))
              .orElseGet(() -> Tensor.zeros(spec.dims())));
    }
    return message.plus(TensorMap.of(residual));
  }

  private static void choose(
      MemorySegment values,
      long d,
      long n,
      MemorySegment places,
      MemorySegment kept,
      @Nullable TensorMap rest) {
    var rank = n == d ? new Rank(-1, 0, 0) : Rank.smallest(values, d, d - n);
    long ties = rank.ties(); // the first of these stay behind
    long at = 0;
    for (long i = 0; i < d; i++) {
      int key = Rank.key(values, i);
      if (key > rank.key() || (key == rank.key() && ties-- <= 0)) {
        kept.setAtIndex(Tensor.FLOAT, at, values.getAtIndex(Tensor.FLOAT, i));
        if (n < d && mapped(d, n)) {
          Bits.set(places, i);
        } else if (n < d) {
          places.setAtIndex(Blocks.INT, at, (int) i);
        }
        if (rest != null) {
          rest.data().setAtIndex(Tensor.FLOAT, i, 0);
        }
        at++;
      }
    }
  }

  @Override
  public TensorMap decode(WireIn in, Memory memory) {
    var specs = FlatSpecs.read(in);
    long d = FlatSpecs.elements(specs);
    long n = in.headCount((int) d);
    if (n < least(d)) {
      throw new WireException("values: " + n + " (expected: " + least(d) + " to " + d + ")");
    }
    if (n == d) {
      return TensorMap.view(specs, in.get(Float.BYTES * d), in.owner());
    }
    boolean mapped = mapped(d, n);
    var places = in.get(mapped ? Bits.bytes(d) : Integer.BYTES * n);
    var kept = in.get(Float.BYTES * n);
    if (mapped && Bits.count(places, d) != n) {
      throw new WireException("values: bits of the map (expected: " + n + " of " + d + ")");
    }
    var out = TensorMap.zeros(specs);
    long at = 0;
    long last = -1;
    for (long i = mapped ? 0 : n; at < n; i++) {
      long index = mapped ? i : places.getAtIndex(Blocks.INT, at);
      if (index <= last || index >= d) {
        throw new WireException("index: " + index + " (expected: " + (last + 1) + " to " + d + ")");
      }
      if (!mapped || Bits.get(places, i)) {
        out.data().setAtIndex(Tensor.FLOAT, index, kept.getAtIndex(Tensor.FLOAT, at++));
      }
      last = index;
    }
    return out;
  }
}
