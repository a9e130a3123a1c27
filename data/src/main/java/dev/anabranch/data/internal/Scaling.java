package dev.anabranch.data.internal;

import dev.anabranch.data.Pictures.Shape;

/**
 * Brings images to another size. Each pixel is a weighted mean of those that it covers: of the four
 * nearest where an image grows, of more where it shrinks, with weights that fall in a straight line
 * (the bilinear resizing with antialiasing of Pillow and torchvision, rounded once). A grey image
 * becomes a coloured one of equal channels. Immutable.
 */
public final class Scaling {
  private final Shape from;
  private final Shape to;
  private final Taps across;
  private final Taps down;

  /** For each new pixel of a line, where its sources begin and what each of them weighs. */
  private record Taps(int[] first, float[][] weights) {
    static final Taps NONE = new Taps(new int[0], new float[0][]);

    static Taps of(int from, int to) {
      double scale = (double) from / to;
      double reach = Math.max(1, scale);
      int[] first = new int[to];
      float[][] weights = new float[to][];
      for (int i = 0; i < to; i++) {
        double centre = (i + 0.5) * scale;
        first[i] = Math.max(0, (int) (centre - reach + 0.5));
        int end = Math.min(from, (int) (centre + reach + 0.5));
        double[] raw = new double[end - first[i]];
        double sum = 0;
        for (int k = 0; k < raw.length; k++) {
          raw[k] = Math.max(0, 1 - Math.abs((first[i] + k + 0.5 - centre) / reach));
          sum += raw[k];
        }
        weights[i] = new float[raw.length];
        for (int k = 0; k < raw.length; k++) {
          weights[i][k] = (float) (raw[k] / sum);
        }
      }
      return new Taps(first, weights);
    }

    /** One new value, of sources that lie {@code step} apart. */
    float at(int i, float[] values, int begin, int step) {
      float sum = 0;
      for (int k = 0; k < weights[i].length; k++) {
        sum += weights[i][k] * values[begin + (first[i] + k) * step];
      }
      return sum;
    }
  }

  /**
   * From images of one shape to those of another.
   *
   * @throws IllegalArgumentException if the channels differ and the images are not grey
   */
  public Scaling(Shape from, Shape to) {
    if (from.channels() != 1 && from.channels() != to.channels()) {
      throw new IllegalArgumentException(
          "channels: " + from.channels() + " (expected: " + to.channels() + ", or 1)");
    }
    this.from = from;
    this.to = to;
    boolean same = from.equals(to);
    this.across = same ? Taps.NONE : Taps.of(from.width(), to.width());
    this.down = same ? Taps.NONE : Taps.of(from.height(), to.height());
  }

  /** One image, [c, h, w]; the given one if nothing changes. */
  public byte[] of(byte[] pixels) {
    if (from.equals(to)) {
      return pixels;
    }
    byte[] out = new byte[to.values()];
    int each = to.height() * to.width();
    for (int c = 0; c < from.channels(); c++) {
      channel(pixels, c * from.height() * from.width(), out, c * each);
    }
    for (int c = from.channels(); c < to.channels(); c++) {
      System.arraycopy(out, 0, out, c * each, each);
    }
    return out;
  }

  private void channel(byte[] pixels, int begin, byte[] out, int at) {
    float[] line = new float[from.width()];
    float[] wide = new float[from.height() * to.width()];
    for (int y = 0; y < from.height(); y++) {
      for (int x = 0; x < line.length; x++) {
        line[x] = pixels[begin + y * line.length + x] & 0xFF;
      }
      for (int x = 0; x < to.width(); x++) {
        wide[y * to.width() + x] = across.at(x, line, 0, 1);
      }
    }
    for (int y = 0; y < to.height(); y++) {
      for (int x = 0; x < to.width(); x++) {
        out[at + y * to.width() + x] = (byte) Math.round(down.at(y, wide, x, to.width()));
      }
    }
  }
}
