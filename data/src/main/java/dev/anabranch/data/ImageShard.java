package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Shard;
import dev.anabranch.data.internal.Scaling;
import java.util.Arrays;

/** Images of one device, or of the hold-out. Immutable. */
public final class ImageShard implements Shard {
  /** Pixels that a crop may be moved by, in each direction. */
  private static final int PADDING = 4;

  /** What is done to an image before it is trained on; section 4.2 of the paper. */
  @Paper(
      title = "Deep Residual Learning for Image Recognition",
      url = "https://arxiv.org/abs/1512.03385")
  public enum Augment {
    NONE,
    /** A random crop after four black pixels were added at each side, and a coin for a mirror. */
    CROP_FLIP
  }

  private final Pictures pictures;
  private final int[] positions;
  private final Augment augment;
  private final float[][] table;
  private final Pictures.Shape shape;
  private final Scaling scaling;

  /** Takes some of the images as they are. */
  public ImageShard(String name, Pictures pictures, int[] positions, Augment augment) {
    this(name, pictures, positions, augment, pictures.shape());
  }

  /**
   * Takes some of the images.
   *
   * @param name whose images, for messages, such as {@code device 7}
   * @param positions in the source; row r of the shard is the image at {@code positions[r]}
   * @param shape that images are brought to: scaled, and grey ones with as many equal channels
   * @throws AnabranchException if there are none, or coloured ones are to be grey
   */
  public ImageShard(
      String name, Pictures pictures, int[] positions, Augment augment, Pictures.Shape shape) {
    int channels = pictures.shape().channels();
    if (channels != 1 && channels != shape.channels()) {
      throw AnabranchException.expected(
          Failure.DATA,
          "images of " + name,
          channels + " channels",
          shape.channels() + ", which is what the model reads");
    }
    this.pictures = pictures;
    this.positions = Positions.of(name, positions);
    this.augment = augment;
    this.table = pictures.normal().table();
    this.shape = shape;
    this.scaling = new Scaling(pictures.shape(), shape);
  }

  @Override
  public int size() {
    return positions.length;
  }

  @Override
  public int label(int row) {
    return pictures.label(positions[row]);
  }

  @Override
  public boolean distorts() {
    return augment != Augment.NONE;
  }

  @Override
  public Batch batch(int[] rows) {
    float[] values = new float[Math.multiplyExact(rows.length, shape.values())];
    for (int i = 0; i < rows.length; i++) {
      copy(rows[i], 0, 0, false, values, i * shape.values());
    }
    return batch(rows, values);
  }

  @Override
  public Batch batch(int[] rows, long seed) {
    if (!distorts()) {
      return batch(rows);
    }
    var random = Seeds.stream(seed, "augment");
    float[] values = new float[Math.multiplyExact(rows.length, shape.values())];
    for (int i = 0; i < rows.length; i++) {
      int down = random.nextInt(2 * PADDING + 1) - PADDING;
      int right = random.nextInt(2 * PADDING + 1) - PADDING;
      copy(rows[i], down, right, random.nextBoolean(), values, i * shape.values());
    }
    return batch(rows, values);
  }

  private Batch batch(int[] rows, float[] values) {
    return new Batch(
        rows.clone(),
        new Inputs.Images(values, shape.channels(), shape.height(), shape.width()),
        Arrays.stream(rows).map(this::label).toArray());
  }

  /**
   * The crop that begins {@code down} and {@code right} pixels into the image; black where it is
   * outside.
   */
  private void copy(int row, int down, int right, boolean mirror, float[] into, int at) {
    byte[] pixels = scaling.of(pictures.pixels().get(positions[row]));
    int to = at;
    for (int c = 0; c < shape.channels(); c++) {
      float[] of = table[Math.min(c, table.length - 1)];
      for (int y = down; y < down + shape.height(); y++) {
        int line = (c * shape.height() + y) * shape.width();
        for (int i = 0; i < shape.width(); i++) {
          int x = right + (mirror ? shape.width() - 1 - i : i);
          boolean inside = y >= 0 && y < shape.height() && x >= 0 && x < shape.width();
          into[to++] = of[inside ? pixels[line + x] & 0xFF : 0];
        }
      }
    }
  }
}
