package dev.anabranch.data;

import dev.anabranch.data.internal.PictureFolder;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * All images of a source, of one size, a byte for each channel of each pixel. Immutable; nobody
 * writes into its arrays.
 *
 * @param shape of every image
 * @param pixels one image each, [c, h, w] from 0 to 255, row by row
 * @param labels one for each image, a position in {@code classes}
 * @param classes label names
 * @param own how many of the images, at the end, the source itself keeps for scoring
 * @param normal how pixels become numbers
 * @param sha256 of the file that the images came from, in hexadecimal; of several files that of the
 *     lines {@code sha256 name}
 */
public record Pictures(
    Shape shape,
    List<byte[]> pixels,
    int[] labels,
    List<String> classes,
    int own,
    Normal normal,
    String sha256)
    implements Examples {
  /** Channels, height and width of an image. */
  public record Shape(int channels, int height, int width) {
    /** The number of values. */
    public int values() {
      return channels * height * width;
    }

    @Override
    public String toString() {
      return channels + " × " + height + " × " + width;
    }
  }

  /**
   * A value is (pixel / 255 − mean) / deviation, with the numbers of its channel.
   *
   * @param mean [c]
   * @param deviation [c] above 0
   */
  public record Normal(float[] mean, float[] deviation) {
    /** [c][256]: the value of each pixel. */
    float[][] table() {
      float[][] out = new float[mean.length][256];
      for (int c = 0; c < out.length; c++) {
        for (int p = 0; p < out[c].length; p++) {
          out[c][p] = (p / 255f - mean[c]) / deviation[c];
        }
      }
      return out;
    }
  }

  public Pictures {
    pixels = List.copyOf(pixels);
    classes = List.copyOf(classes);
    if (labels.length != pixels.size() || own > labels.length || own < 0) {
      throw new IllegalArgumentException(
          "labels: " + labels.length + " (expected: " + pixels.size() + ", one for each image)");
    }
    for (int label : labels) {
      if (label < 0 || label >= classes.size()) {
        throw new IllegalArgumentException(
            "label: " + label + " (expected: 0 to " + (classes.size() - 1) + ")");
      }
    }
    for (var image : pixels) {
      if (image.length != shape.values()) {
        throw new IllegalArgumentException(
            "image: " + image.length + " values (expected: " + shape.values() + ")");
      }
    }
    if (normal.mean().length != shape.channels() || normal.deviation().length != shape.channels()) {
      throw new IllegalArgumentException(
          "mean: " + normal.mean().length + " numbers (expected: " + shape.channels() + ")");
    }
  }

  /**
   * PNG images of one size, without labels: all are of class 0.
   *
   * @throws dev.anabranch.core.AnabranchException if one cannot be read or is of another size
   */
  public static Pictures unlabelled(List<Path> files, Normal normal) {
    return PictureFolder.unlabelled(files, normal);
  }

  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public int label(int position) {
    return labels[position];
  }

  @Override
  public @Nullable String device(int position) {
    return null;
  }

  @Override
  public int[] reserved() {
    return IntStream.range(labels.length - own, labels.length).toArray();
  }
}
