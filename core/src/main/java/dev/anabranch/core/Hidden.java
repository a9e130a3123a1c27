package dev.anabranch.core;

/**
 * What crosses a cut of a split model.
 *
 * @param values [b, t, d] hidden states, or a gradient of that shape; of an image model [b, c, h,
 *     w]
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

  public Hidden withValues(Tensor other) {
    return new Hidden(other, lengths);
  }
}
