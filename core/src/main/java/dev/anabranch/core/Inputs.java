package dev.anabranch.core;

/** The inputs of a batch, before the model has seen them. */
public sealed interface Inputs {
  /** The number of samples, b. */
  int size();

  /**
   * Text as token ids.
   *
   * @param ids [b, t] row by row; positions beyond a sample's length hold the padding id
   * @param width t
   * @param lengths [b] real tokens of each sample
   * @param types [b, t] token type ids (0 first text, 1 second text of a pair)
   */
  record Tokens(int[] ids, int width, int[] lengths, int[] types) implements Inputs {
    public Tokens {
      if (ids.length != (long) width * lengths.length || types.length != ids.length) {
        throw new IllegalArgumentException(
            "ids: " + ids.length + " (expected: " + lengths.length + " rows of " + width + ")");
      }
    }

    @Override
    public int size() {
      return lengths.length;
    }
  }

  /**
   * Plain feature vectors.
   *
   * @param values [b, w] row by row
   * @param width w
   */
  record Features(float[] values, int width) implements Inputs {
    @Override
    public int size() {
      return values.length / width;
    }
  }

  /**
   * Images, normalised.
   *
   * @param values [b, c, h, w] row by row
   * @param channels c
   * @param height h
   * @param width w
   */
  record Images(float[] values, int channels, int height, int width) implements Inputs {
    public Images {
      long one = (long) channels * height * width;
      if (one <= 0 || values.length % one != 0) {
        throw new IllegalArgumentException(
            "images: "
                + values.length
                + " values (expected: a multiple of "
                + channels
                + " x "
                + height
                + " x "
                + width
                + ")");
      }
    }

    @Override
    public int size() {
      return values.length / (channels * height * width);
    }
  }
}
