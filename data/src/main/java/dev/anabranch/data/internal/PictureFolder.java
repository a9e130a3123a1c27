package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Pictures;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A folder of PNG images of one size: the name of a sub-folder is the label of what lies in it.
 *
 * @param at where the settings stand in the plan
 * @param path the folder
 * @param test a folder of the same labels, whose images are the hold-out; empty: a share of the
 *     others is
 * @param channels 3: red, green, blue; 1: grey
 */
public record PictureFolder(
    String at, String path, String test, int channels, Pictures.Normal normal) implements Source {
  private static final Knob.Text PATH =
      new Knob.Text("path", "", "A folder with a sub-folder of PNG images for each label.");
  private static final Knob.Text TEST =
      new Knob.Text(
          "test",
          "",
          "Another such folder that is the hold-out, in place of a share of the first.");
  private static final Knob.Choice COLOURS =
      new Knob.Choice("colours", "rgb", List.of("rgb", "grey"), "How images are read.");
  private static final Knob.Words MEAN = ImageFiles.mean("0.5");
  private static final Knob.Words STD = ImageFiles.deviation("0.5");

  /** Found by the list of sources. */
  public static final class Provider implements SourceProvider {
    @Override
    public Kind<Source> kind() {
      return Kind.of(
          "image-folder",
          "PNG images of one size; the name of a sub-folder is the label of its images.",
          List.of(PATH, TEST, COLOURS, MEAN, STD),
          s -> {
            int channels = s.choice(COLOURS).equals("rgb") ? 3 : 1;
            return new PictureFolder(
                s.path(),
                s.text(PATH),
                s.text(TEST),
                channels,
                ImageFiles.normal(s, MEAN, STD, channels));
          });
    }
  }

  @Override
  public Pictures load(Cache cache) {
    var root = folder(at + ".path", path);
    var classes = names(root);
    if (classes.size() < 2) {
      throw AnabranchException.expected(
          Failure.DATA,
          at + ".path",
          path + " with " + classes.size() + " sub-folders",
          "a sub-folder of PNG images for each of at least two labels");
    }
    var all = new All(channels);
    all.read(root, classes, classes);
    int train = all.pixels.size();
    if (!test.isEmpty()) {
      var more = folder(at + ".test", test);
      all.read(more, names(more), classes);
    }
    if (all.shape == null) {
      throw new IllegalStateException("no images were read");
    }
    byte[] lines = all.digests.toString().getBytes(StandardCharsets.UTF_8);
    return new Pictures(
        all.shape,
        all.pixels,
        all.labels.stream().mapToInt(Integer::intValue).toArray(),
        classes,
        all.pixels.size() - train,
        normal,
        HexFormat.of().formatHex(Digests.sha256(lines, lines.length)));
  }

  /** PNG images of one size, without labels: all are of one class. */
  public static Pictures unlabelled(List<Path> files, Pictures.Normal normal) {
    var all = new All(normal.mean().length);
    for (var file : files) {
      if (!Files.isRegularFile(file)) {
        throw AnabranchException.expected(
            Failure.DATA, file.toString(), "missing", "the path of a PNG image on each line");
      }
      all.pixels.add(all.image(file, ""));
    }
    var none = new Pictures.Shape(normal.mean().length, 1, 1);
    return new Pictures(
        all.shape == null ? none : all.shape,
        all.pixels,
        new int[files.size()],
        List.of("unknown"),
        0,
        normal,
        "");
  }

  private static Path folder(String name, String path) {
    Check.that(!path.isBlank(), name, "not given", "a folder");
    try {
      var folder = Path.of(path);
      if (Files.isDirectory(folder)) {
        return folder;
      }
    } catch (InvalidPathException e) {
      throw new AnabranchException(Failure.DATA, name + ": " + path + " (expected: a folder)", e);
    }
    throw AnabranchException.expected(Failure.DATA, name, path, "a folder that exists");
  }

  private static List<String> names(Path root) {
    return entries(root).stream()
        .filter(Files::isDirectory)
        .map(p -> p.getFileName().toString())
        .sorted(Corpus.BY_NAME)
        .toList();
  }

  /** What lies in a folder and is not hidden, by name. */
  private static List<Path> entries(Path folder) {
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> !p.getFileName().toString().startsWith("."))
          .sorted(Comparator.comparing(p -> p.getFileName().toString()))
          .toList();
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.DATA, "folder: " + folder + " (expected: a readable one: " + e + ")", e);
    }
  }

  /** Takes one folder after another. */
  private static final class All {
    private final int channels;
    private final List<byte[]> pixels = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();
    private final StringBuilder digests = new StringBuilder();
    private Pictures.@Nullable Shape shape;
    private @Nullable Path first;

    All(int channels) {
      this.channels = channels;
    }

    void read(Path root, List<String> names, List<String> classes) {
      for (var name : names) {
        int label = classes.indexOf(name);
        if (label < 0) {
          throw AnabranchException.expected(
              Failure.DATA,
              root + ": sub-folder",
              name,
              "one of the labels that are trained on: " + String.join(", ", classes));
        }
        var files = entries(root.resolve(name));
        if (files.isEmpty()) {
          throw AnabranchException.expected(
              Failure.DATA, root.resolve(name).toString(), "0 images", "at least one PNG image");
        }
        for (var file : files) {
          labels.add(label);
          pixels.add(image(file, name));
        }
      }
    }

    private byte[] image(Path file, String name) {
      if (!file.toString().toLowerCase(Locale.ROOT).endsWith(".png")) {
        throw AnabranchException.expected(
            Failure.DATA,
            file.toString(),
            "not a PNG image",
            "only PNG images in the folder of a label; convert it");
      }
      var image = PngImage.read(file, channels);
      if (shape == null || first == null) {
        shape = image.shape();
        first = file;
      }
      if (!shape.equals(image.shape())) {
        throw AnabranchException.expected(
            Failure.DATA,
            file.toString(),
            image.shape().width() + " × " + image.shape().height() + " pixels",
            shape.width() + " × " + shape.height() + ", as " + first + "; make all of one size");
      }
      ImageFiles.requireRoom(file, (pixels.size() + 1L) * shape.values());
      digests.append(image.sha256()).append(' ').append(name).append('/');
      digests.append(file.getFileName()).append('\n');
      return image.pixels();
    }
  }
}
