package dev.anabranch.parts;

import dev.anabranch.core.Codec;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Fidelity;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.WireException;
import dev.anabranch.core.WireIn;
import dev.anabranch.core.WireOut;

/**
 * Hidden states of which only the needed rows travel, as a tensor [n, d] by a value codec: 4 n d
 * bytes of payload under fp32. Lengths and t are framing. The other rows come out as exact zeros.
 * Stateless; safe from any thread.
 *
 * <p>A message may stand for at most 4096 times the values that travel, and 2^20 more: a short
 * message cannot make its receiver allocate without limit.
 *
 * @param slices which rows
 * @param values how they are written
 */
@Folklore("what nobody reads need not travel")
public record PackedHidden(RowSlices slices, Codec<Tensor> values) implements Codec<Hidden> {
  private static final long EXPANSION = 4096;
  private static final long FREE = 1 << 20;

  /** Rows as 32-bit floats. */
  public PackedHidden(RowSlices slices) {
    this(slices, Codecs.FP32);
  }

  @Override
  public String id() {
    return "packed(" + slices.name() + "," + values.id() + ")/1";
  }

  /** Of the rows that travel; if they are exact, the whole is sparse. */
  @Override
  public Fidelity fidelity() {
    return values.fidelity() == Fidelity.EXACT ? Fidelity.SPARSE : values.fidelity();
  }

  @Override
  public void encode(Hidden message, WireOut out, Memory memory) {
    int[] lengths = message.lengths();
    int positions = Math.toIntExact(message.values().size(1));
    if (tooWide(
        slices.rows(lengths, positions), lengths.length, positions, message.values().size(2))) {
      throw new IllegalArgumentException(
          "packed: "
              + message.values()
              + " (expected: at most "
              + EXPANSION
              + " times what travels)");
    }
    out.headInts(lengths);
    out.headInt(positions);
    try (var packed = slices.pack(message)) {
      values.encode(packed, out, memory);
    }
  }

  private static boolean tooWide(long rows, int samples, int positions, long d) {
    // In double, because a product of hostile sizes may exceed a long.
    return (double) samples * positions * d > (double) EXPANSION * rows * d + FREE;
  }

  @Override
  public Hidden decode(WireIn in, Memory memory) {
    int[] lengths = in.headInts();
    int positions = in.headCount(Integer.MAX_VALUE);
    for (int length : lengths) {
      if (length < 0 || length > positions) {
        throw new WireException("length: " + length + " (expected: 0 to " + positions + ")");
      }
    }
    var packed = values.decode(in, memory);
    long rows = slices.rows(lengths, positions);
    if (packed.rank() != 2 || packed.size(0) != rows) {
      throw new WireException("packed: " + packed + " (expected: [" + rows + ", d])");
    }
    if (tooWide(rows, lengths.length, positions, packed.size(1))) {
      throw new WireException(
          "packed: "
              + lengths.length
              + " samples of "
              + positions
              + " positions (expected: at most "
              + EXPANSION
              + " times what travels)");
    }
    return slices.unpack(packed, lengths, positions);
  }

  @Override
  public Codec<Hidden> over(Codec<Tensor> other) {
    return new PackedHidden(slices, other);
  }
}
