package dev.anabranch.core;

import java.util.Arrays;

/**
 * What crosses a cut of a split model.
 *
 * @param values [b, t, d] hidden states, or a gradient of that shape; of an image model t is a
 *     place in the image
 * @param lengths [b] how many of the t positions of each sample are real; the rest is padding,
 *     which no attention sees; where nothing is padding all of the second axis
 */
public record Hidden(Tensor values, int[] lengths) {
  public Hidden {
    if (values.rank() < 2 || values.size(0) != lengths.length) {
      throw new IllegalArgumentException(
          "hidden: "
              + values
              + " with "
              + lengths.length
              + " lengths (expected: [b, t, ...] with b lengths)");
    }
    for (int length : lengths) {
      if (length < 0 || length > values.size(1)) {
        throw new IllegalArgumentException(
            "length: " + length + " (expected: 0 to " + values.size(1) + ")");
      }
    }
  }

  /**
   * The same samples with other values. Where nothing is padding nothing will be, however many
   * positions there are now: a segment of an image model may make them fewer.
   */
  public Hidden withValues(Tensor other) {
    if (other.rank() > 1 && other.size(1) != values.size(1) && whole()) {
      int[] all = new int[lengths.length];
      Arrays.fill(all, Math.toIntExact(other.size(1)));
      return new Hidden(other, all);
    }
    return new Hidden(other, lengths);
  }

  private boolean whole() {
    return Arrays.stream(lengths).allMatch(length -> length == values.size(1));
  }
}
