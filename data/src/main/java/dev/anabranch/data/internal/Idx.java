package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Pictures;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Grey images in the IDX format of MNIST: a magic number, a count, rows and columns as big-endian
 * 32-bit numbers, then a byte a pixel; labels in a file of their own.
 *
 * @param at where the settings stand in the plan
 * @param images the file of images to train on
 * @param labels the file of their labels
 * @param testImages the file of images that are the hold-out; empty: a share of the others is
 * @param testLabels the file of their labels
 * @param classes how many there are
 */
public record Idx(
    String at,
    String images,
    String labels,
    String testImages,
    String testLabels,
    int classes,
    Pictures.Normal normal)
    implements Source {
  private static final int IMAGES_MAGIC = 2051; // unsigned bytes, three dimensions
  private static final int LABELS_MAGIC = 2049; // unsigned bytes, one dimension

  private static final Knob.Text IMAGES =
      new Knob.Text("images", "", "The file of images, such as train-images-idx3-ubyte.gz.");
  private static final Knob.Text LABELS =
      new Knob.Text("labels", "", "The file of labels, such as train-labels-idx1-ubyte.gz.");
  private static final Knob.Text TEST_IMAGES =
      new Knob.Text(
          "testImages", "", "Images that are the hold-out, in place of a share of the others.");
  private static final Knob.Text TEST_LABELS =
      new Knob.Text("testLabels", "", "The labels of the hold-out.");
  private static final Knob.Int CLASSES =
      new Knob.Int("classes", 10, 2, 256, "The number of classes.");
  private static final Knob.Words MEAN = ImageFiles.mean("0.1307");
  private static final Knob.Words STD = ImageFiles.deviation("0.3081");

  /** Found by the list of sources. */
  public static final class Provider implements SourceProvider {
    @Override
    public Kind<Source> kind() {
      return Kind.of(
          "idx",
          "Grey images and labels in the format of MNIST, also as .gz.",
          List.of(IMAGES, LABELS, TEST_IMAGES, TEST_LABELS, CLASSES, MEAN, STD),
          s ->
              new Idx(
                  s.path(),
                  s.text(IMAGES),
                  s.text(LABELS),
                  s.text(TEST_IMAGES),
                  s.text(TEST_LABELS),
                  s.integer(CLASSES),
                  ImageFiles.normal(s, MEAN, STD, 1)));
    }
  }

  @Override
  public Pictures load(Cache cache) {
    Check.that(
        testImages.isEmpty() == testLabels.isEmpty(),
        at + (testImages.isEmpty() ? ".testImages" : ".testLabels"),
        "not given",
        "both files of the hold-out, or none");
    var all = new All(classes);
    all.read(one("images", images), one("labels", labels));
    int train = all.pixels.size();
    if (!testImages.isEmpty()) {
      all.read(one("testImages", testImages), one("testLabels", testLabels));
    }
    if (all.shape == null) {
      throw new IllegalStateException("no images were read");
    }
    return new Pictures(
        all.shape,
        all.pixels,
        all.labels.stream().mapToInt(Integer::intValue).toArray(),
        IntStream.range(0, classes).mapToObj(String::valueOf).toList(),
        all.pixels.size() - train,
        normal,
        ImageFiles.sha256(all.files));
  }

  private Path one(String key, String path) {
    var files = ImageFiles.find(at + "." + key, path);
    Check.that(files.size() == 1, at + "." + key, path, "one file, not " + files.size());
    return files.getFirst();
  }

  /** Takes one pair of files after another. */
  private static final class All {
    private final int classes;
    private final List<Path> files = new ArrayList<>();
    private final List<byte[]> pixels = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private Pictures.@Nullable Shape shape;

    All(int classes) {
      this.classes = classes;
    }

    void read(Path imageFile, Path labelFile) {
      files.addAll(List.of(imageFile, labelFile));
      int before = pixels.size();
      ImageFiles.read(imageFile, in -> images(imageFile, in));
      int images = pixels.size() - before;
      int found = ImageFiles.read(labelFile, in -> labels(labelFile, in));
      if (found != images) {
        throw AnabranchException.expected(
            Failure.DATA,
            labelFile.toString(),
            found + " labels",
            images + ", one for each image of " + imageFile);
      }
    }

    private boolean images(Path file, InputStream in) throws IOException {
      var header = header(file, in, IMAGES_MAGIC, "images", 3);
      long count = header[0] & 0xFFFFFFFFL;
      var found =
          new Pictures.Shape(1, side(file, "rows", header[1]), side(file, "columns", header[2]));
      if (shape != null && !shape.equals(found)) {
        throw AnabranchException.expected(
            Failure.DATA, file.toString(), "images of " + found, shape + ", as those before");
      }
      shape = found;
      ImageFiles.requireRoom(file, (pixels.size() + count) * found.values());
      for (long i = 0; i < count; i++) {
        byte[] image = in.readNBytes(found.values());
        if (image.length != found.values()) {
          throw ImageFiles.corrupt(
              file,
              "ends within image " + i,
              count + " images, as its header says; fetch it again");
        }
        pixels.add(image);
      }
      return end(file, in, count + " images");
    }

    private int labels(Path file, InputStream in) throws IOException {
      long count = header(file, in, LABELS_MAGIC, "labels", 1)[0] & 0xFFFFFFFFL;
      ImageFiles.requireRoom(file, count);
      byte[] bytes = in.readNBytes((int) count);
      if (bytes.length != count) {
        throw ImageFiles.corrupt(
            file,
            "ends after " + bytes.length + " labels",
            count + ", as its header says; fetch it again");
      }
      for (int i = 0; i < bytes.length; i++) {
        int label = bytes[i] & 0xFF;
        if (label >= classes) {
          throw AnabranchException.expected(
              Failure.DATA,
              file.toString(),
              "label " + label + " of image " + i,
              "0 to " + (classes - 1) + "; see the setting classes");
        }
        labels.add(label);
      }
      end(file, in, count + " labels");
      return bytes.length;
    }

    private static int[] header(Path file, InputStream in, int magic, String what, int sizes)
        throws IOException {
      byte[] bytes = in.readNBytes(4 + 4 * sizes);
      int found = bytes.length < 4 ? 0 : ByteBuffer.wrap(bytes).getInt();
      if (found != magic || bytes.length < 4 + 4 * sizes) {
        throw ImageFiles.corrupt(
            file,
            bytes.length < 4 + 4 * sizes ? bytes.length + " bytes" : "magic number " + found,
            "a file of " + what + " in the IDX format, which begins with " + magic);
      }
      int[] out = new int[sizes];
      Arrays.setAll(out, i -> ByteBuffer.wrap(bytes).getInt(4 + 4 * i));
      return out;
    }

    private static int side(Path file, String what, int value) {
      if (value < 1 || value > ImageFiles.MOST_SIDE) {
        throw ImageFiles.corrupt(
            file, (value & 0xFFFFFFFFL) + " " + what, "1 to " + ImageFiles.MOST_SIDE);
      }
      return value;
    }

    private static boolean end(Path file, InputStream in, String what) throws IOException {
      if (in.read() >= 0) {
        throw ImageFiles.corrupt(
            file, "more bytes than its header says", "the end of the file after " + what);
      }
      return true;
    }
  }
}
