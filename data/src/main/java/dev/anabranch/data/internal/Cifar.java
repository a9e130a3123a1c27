package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Cache;
import dev.anabranch.data.Pictures;
import dev.anabranch.data.Source;
import dev.anabranch.data.SourceProvider;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * CIFAR-10 and CIFAR-100 in their binary format: for each image its label (in CIFAR-100 the coarse
 * one, then the fine one), then 1,024 red, green and blue bytes each, row by row.
 *
 * @param at where the settings stand in the plan
 * @param path files to train on
 * @param test files that are the hold-out; empty: a share of the others is
 * @param format which of the two, and which label
 */
public record Cifar(String at, String path, String test, Format format, Pictures.Normal normal)
    implements Source {
  private static final Pictures.Shape SHAPE = new Pictures.Shape(3, 32, 32);
  private static final int MOST_NAMES = 1 << 16;

  private static final Knob.Text PATH =
      new Knob.Text("path", "", "A file such as data_batch_1.bin, or a pattern with *.");
  private static final Knob.Text TEST =
      new Knob.Text("test", "", "Files that are the hold-out, in place of a share of the others.");
  private static final Knob.Choice FORMAT =
      new Knob.Choice(
          "format",
          "cifar-10",
          Arrays.stream(Format.values()).map(f -> f.word).toList(),
          "Which of the sets, and which of its labels.");
  private static final Knob.Words MEAN = ImageFiles.mean("0.4914", "0.4822", "0.4465");
  private static final Knob.Words STD = ImageFiles.deviation("0.247", "0.2435", "0.2616");

  /** How a record begins, and which label counts. */
  enum Format {
    TEN("cifar-10", 10, 1, 0, "batches.meta.txt"),
    HUNDRED("cifar-100", 100, 2, 1, "fine_label_names.txt"),
    TWENTY("cifar-100-coarse", 20, 2, 0, "coarse_label_names.txt");

    private final String word;
    private final int classes;
    private final int before;
    private final int label;
    private final String names;

    Format(String word, int classes, int before, int label, String names) {
      this.word = word;
      this.classes = classes;
      this.before = before;
      this.label = label;
      this.names = names;
    }
  }

  /** Found by the list of sources. */
  public static final class Provider implements SourceProvider {
    @Override
    public Kind<Source> kind() {
      return Kind.of(
          "cifar",
          "CIFAR-10 or CIFAR-100 in the binary format, also as .gz.",
          List.of(PATH, TEST, FORMAT, MEAN, STD),
          s ->
              new Cifar(
                  s.path(),
                  s.text(PATH),
                  s.text(TEST),
                  Format.values()[FORMAT.values().indexOf(s.choice(FORMAT))],
                  ImageFiles.normal(s, MEAN, STD, SHAPE.channels())));
    }
  }

  @Override
  public Pictures load(Cache cache) {
    var files = new ArrayList<>(ImageFiles.find(at + ".path", path));
    var records = new Records(format);
    files.forEach(records::read);
    int train = records.labels.size();
    if (!test.isEmpty()) {
      var more = ImageFiles.find(at + ".test", test);
      more.forEach(records::read);
      files.addAll(more);
    }
    return new Pictures(
        SHAPE,
        records.pixels,
        records.labels.stream().mapToInt(Integer::intValue).toArray(),
        names(files.getFirst()),
        records.labels.size() - train,
        normal,
        ImageFiles.sha256(files));
  }

  /** From the list of names beside the file, if it is there. */
  private List<String> names(Path file) {
    var list = file.resolveSibling(format.names);
    if (!Files.isRegularFile(list)) {
      return IntStream.range(0, format.classes).mapToObj(String::valueOf).toList();
    }
    var lines = ImageFiles.read(list, in -> in.readNBytes(MOST_NAMES));
    var names =
        new String(lines, StandardCharsets.UTF_8).lines().filter(l -> !l.isBlank()).toList();
    if (names.size() != format.classes || names.stream().distinct().count() != names.size()) {
      throw AnabranchException.expected(
          Failure.DATA,
          list.toString(),
          names.size() + " names",
          format.classes + " different ones, one on each line");
    }
    return names;
  }

  /** Takes the records of one file after another. */
  private static final class Records {
    private final Format format;
    private final List<byte[]> pixels = new ArrayList<>();
    private final List<Integer> labels = new ArrayList<>();

    Records(Format format) {
      this.format = format;
    }

    void read(Path file) {
      int before = labels.size();
      ImageFiles.read(file, in -> records(file, in));
      if (labels.size() == before) {
        throw ImageFiles.corrupt(file, "0 images", "at least one");
      }
    }

    private boolean records(Path file, InputStream in) throws IOException {
      int record = format.before + SHAPE.values();
      for (int image = 0; ; image++) {
        byte[] bytes = in.readNBytes(record);
        if (bytes.length == 0) {
          return true;
        }
        if (bytes.length != record) {
          throw ImageFiles.corrupt(
              file,
              bytes.length + " bytes of image " + image,
              record + ", as " + format.word + " has; the file is truncated or of another format");
        }
        int label = bytes[format.label] & 0xFF;
        if (label >= format.classes) {
          throw ImageFiles.corrupt(
              file,
              "label " + label + " of image " + image,
              "0 to "
                  + (format.classes - 1)
                  + ", as "
                  + format.word
                  + " has; if this is another of the sets, say so in format: "
                  + String.join(", ", FORMAT.values()));
        }
        ImageFiles.requireRoom(file, (pixels.size() + 1L) * SHAPE.values());
        pixels.add(Arrays.copyOfRange(bytes, format.before, record));
        labels.add(label);
      }
    }
  }
}
