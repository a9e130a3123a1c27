package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * Which positions of a crossing [b, t, d] the receiver uses; the others need not travel. A saving
 * that loses nothing, where its condition holds:
 *
 * <ul>
 *   <li>{@link #valid()}: always. No attention sees padding.
 *   <li>{@link #prompts}: for the gradient that the head receives, if the head trains prompts alone
 *       and none of its layers comes after they have joined the sequence.
 *   <li>{@link #pooled}: for what the tail receives, and the gradient that it sends back, if the
 *       tail has no layer.
 * </ul>
 *
 * <p>Positions are as in {@link Hidden}: prompts first, then the text with its classification
 * token; lengths count the prompts.
 *
 * @param mode which positions
 * @param prompts soft-prompt positions p before the text; not used by VALID
 */
@Folklore("what nobody reads need not travel")
public record RowSlices(Mode mode, int prompts) {
  /** The kinds of rule. */
  public enum Mode {
    /** Positions [0, length) of each sample. */
    VALID,
    /** Positions [0, p). */
    PROMPTS,
    /** Position p alone. */
    CLS
  }

  public RowSlices {
    Check.that(prompts >= 0, "prompts", prompts, "at least 0");
  }

  public static RowSlices valid() {
    return new RowSlices(Mode.VALID, 0);
  }

  public static RowSlices prompts(int prompts) {
    return new RowSlices(Mode.PROMPTS, prompts);
  }

  /** What a tail without layers reads. */
  public static RowSlices pooled(Pooling pooling, int prompts) {
    return switch (pooling) {
      case CLS, POOLER -> new RowSlices(Mode.CLS, prompts);
      case PROMPT -> prompts(prompts);
      case MEAN, NONE -> valid();
    };
  }

  /** As part of a codec's id, such as {@code prompts(10)}. */
  public String name() {
    return switch (mode) {
      case VALID -> "valid";
      case PROMPTS -> "prompts(" + prompts + ")";
      case CLS -> "cls(" + prompts + ")";
    };
  }

  /** First needed position of a sample; never beyond {@link #until}. */
  private int from(int positions) {
    return mode == Mode.CLS ? Math.min(prompts, positions) : 0;
  }

  private int until(int length, int positions) {
    return switch (mode) {
      case VALID -> length;
      case PROMPTS -> Math.min(prompts, positions);
      case CLS -> (int) Math.min(prompts + 1L, positions);
    };
  }

  /**
   * How many rows of d values travel, n.
   *
   * @param lengths [b]
   * @param positions t
   */
  public long rows(int[] lengths, int positions) {
    long rows = 0;
    for (int length : lengths) {
      rows += until(length, positions) - from(positions);
    }
    return rows;
  }

  /** The needed rows, [n, d], sample by sample. */
  public Tensor pack(Hidden hidden) {
    var values = hidden.values();
    int positions = Math.toIntExact(values.size(1));
    long d = values.size(2);
    var packed = Tensor.zeros(rows(hidden.lengths(), positions), d);
    move(hidden.lengths(), positions, d, values.data(), packed.data(), true);
    return packed;
  }

  /**
   * The crossing again, zero where nothing travelled.
   *
   * @param packed [n, d]
   * @param lengths [b]
   * @param positions t
   */
  public Hidden unpack(Tensor packed, int[] lengths, int positions) {
    if (packed.rank() != 2 || packed.size(0) != rows(lengths, positions)) {
      throw new IllegalArgumentException(
          "packed: " + packed + " (expected: [" + rows(lengths, positions) + ", d])");
    }
    long d = packed.size(1);
    var whole = Tensor.zeros(lengths.length, positions, d);
    move(lengths, positions, d, whole.data(), packed.data(), false);
    return new Hidden(whole, lengths);
  }

  private void move(
      int[] lengths,
      int positions,
      long d,
      MemorySegment whole,
      MemorySegment packed,
      boolean out) {
    long row = d * Float.BYTES;
    long at = 0;
    for (int i = 0; i < lengths.length; i++) {
      int from = from(positions);
      long bytes = (until(lengths[i], positions) - from) * row;
      long place = ((long) i * positions + from) * row;
      if (out) {
        MemorySegment.copy(whole, place, packed, at, bytes);
      } else {
        MemorySegment.copy(packed, at, whole, place, bytes);
      }
      at += bytes;
    }
  }
}
