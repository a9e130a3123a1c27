package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
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
import java.util.Map;

/**
 * The largest values of each tensor by magnitude, k = max(1, floor(share · n)) of n; the rest
 * arrive as zero. With feedback, what was not sent is added to the next message of the same link,
 * topic and name (Algorithm 1). Ties go to the lower index. Keeps no state of its own: the residual
 * lies in {@link Memory} under {@code residual}; safe from any thread.
 *
 * <p>Kept values are exact. NaN counts as the largest magnitude and infinities come next, so such
 * values travel first and are never hidden. A residual of another shape than the message is
 * ignored.
 *
 * <p>Differs: k is a share of each tensor, not of the whole update, so that small tensors such as
 * biases are not starved.
 *
 * @param share of the values that travel, 0.0001 to 1
 * @param feedback whether what was left out is made up for later
 */
@Paper(title = "Sparsified SGD with Memory", url = "https://arxiv.org/abs/1809.07599")
public record TopK(double share, boolean feedback) implements Codec<Tensor> {
  private static final double LEAST = 0.0001;
  private static final String KEY = "residual";

  private static final Knob.Real SHARE =
      new Knob.Real("share", 0.01, LEAST, 1, "share of the values that travel");
  private static final Knob.Flag FEEDBACK =
      new Knob.Flag("feedback", false, "add what was left out to the next message");

  public TopK {
    Check.that(share >= LEAST && share <= 1, "share", share, LEAST + " to 1");
  }

  /** For the list of codecs. */
  public static final class Provider implements ValueCodecProvider {
    @Override
    public Kind<Codec<Tensor>> kind() {
      return Kind.of(
          "topk",
          "the largest values of each tensor, the rest as zero",
          List.of(SHARE, FEEDBACK),
          s -> new TopK(s.real(SHARE), s.flag(FEEDBACK)));
    }

    @Override
    public String payload() {
      return "8 max(1, floor(share n))";
    }
  }

  @Override
  public String id() {
    return "topk(" + share + (feedback ? ",feedback" : "") + ")/1";
  }

  @Override
  public Fidelity fidelity() {
    return Fidelity.SPARSE;
  }

  /** How many of n values travel. */
  public int count(long n) {
    return n == 0 ? 0 : Math.max(1, Blocks.floor(share, n));
  }

  @Override
  public void encode(Tensor message, WireOut out, Memory memory) {
    long[] shape = message.shape();
    out.headShape(shape);
    if (message.elements() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException(
          "topk: " + message + " (expected: a tensor of fewer than 2^31 values)");
    }
    float[] values = message.toArray();
    if (feedback) {
      addResidual(values, shape, memory);
    }
    int k = count(values.length);
    int[] chosen = Largest.indices(values, k);
    var to = out.reserve(2L * Integer.BYTES * k); // indices first, then values
    for (int j = 0; j < k; j++) {
      to.setAtIndex(Blocks.INT, j, chosen[j]);
      to.setAtIndex(Tensor.FLOAT, k + (long) j, values[chosen[j]]);
      values[chosen[j]] = 0;
    }
    if (feedback && values.length > 0) {
      memory.put(KEY, TensorMap.of(Map.of(KEY, Tensor.of(values, shape))));
    }
  }

  private static void addResidual(float[] values, long[] shape, Memory memory) {
    var specs = List.of(TensorSpec.of(KEY, shape));
    memory
        .get(KEY)
        .filter(residual -> residual.specs().equals(specs))
        .ifPresent(residual -> {
          float[] kept = residual.get(KEY).toArray();
          for (int i = 0; i < values.length; i++) {
            values[i] += kept[i];
          }
        });
  }

  @Override
  public Tensor decode(WireIn in, Memory memory) {
    long[] shape = in.headShape();
    long n = Tensor.elements(shape);
    if (n > Integer.MAX_VALUE - 8) {
      throw new WireException("topk: " + n + " values (expected: fewer than 2^31)");
    }
    int k = count(n); // the sender's k follows from n, so the bytes bound what is allocated
    MemorySegment indices = in.get((long) k * Integer.BYTES);
    MemorySegment values = in.get((long) k * Float.BYTES);
    var out = Tensor.zeros(shape);
    int last = -1;
    for (int j = 0; j < k; j++) {
      int index = indices.getAtIndex(Blocks.INT, j);
      if (index <= last || index >= n) {
        throw new WireException(
            "topk index: " + index + " (expected: above " + last + " and below " + n + ")");
      }
      out.set(index, values.getAtIndex(Tensor.FLOAT, j));
      last = index;
    }
    return out;
  }
}
