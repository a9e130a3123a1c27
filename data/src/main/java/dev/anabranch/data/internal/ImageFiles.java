package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import dev.anabranch.data.Pictures;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/** What sources of images have in common. */
final class ImageFiles {
  /** All pixels of a source: they are kept in memory. */
  static final long MOST_BYTES = 1L << 30;

  static final int MOST_SIDE = 4096;

  private ImageFiles() {}

  static Knob.Words mean(String... standard) {
    return new Knob.Words(
        "mean",
        List.of(standard),
        "Subtracted from pixels of 0 to 1: a number, or one for each channel.");
  }

  static Knob.Words deviation(String... standard) {
    return new Knob.Words(
        "std", List.of(standard), "What they are divided by then: a number, or one a channel.");
  }

  static Pictures.Normal normal(Settings s, Knob.Words mean, Knob.Words deviation, int channels) {
    float[] by = numbers(s, deviation, channels);
    for (float one : by) {
      Check.that(one > 0, s.path() + ".std", s.words(deviation), "numbers above 0");
    }
    return new Pictures.Normal(numbers(s, mean, channels), by);
  }

  private static float[] numbers(Settings s, Knob.Words knob, int channels) {
    var words = s.words(knob);
    var at = s.path() + "." + knob.name();
    Check.that(
        words.size() == 1 || words.size() == channels,
        at,
        words,
        channels == 1 ? "1 number" : "1 number, or " + channels);
    float[] out = new float[channels];
    for (int c = 0; c < channels; c++) {
      var word = words.get(words.size() == 1 ? 0 : c);
      try {
        out[c] = Float.parseFloat(word);
      } catch (NumberFormatException e) {
        throw new AnabranchException(
            Failure.PLAN, at + ": " + word + " (expected: a number, as 0.5)", e);
      }
      Check.that(Float.isFinite(out[c]), at, word, "a number, as 0.5");
    }
    return out;
  }

  /** The files that a path means: one, or those of a pattern with {@code *}. */
  static List<Path> find(String name, String path) {
    Check.that(!path.isBlank(), name, "not given", "a file, or a pattern with *");
    try {
      var paths =
          Files.isDirectory(Path.of(path)) ? List.<Path>of() : DataFiles.expand(path, p -> true);
      if (!paths.isEmpty()) {
        return paths;
      }
    } catch (IOException | InvalidPathException e) {
      throw new AnabranchException(
          Failure.DATA, name + ": " + path + " (expected: a readable path: " + e + ")", e);
    }
    throw AnabranchException.expected(
        Failure.DATA, name, path, "a file that exists, or a pattern with * that some file has");
  }

  /** Reads something of a stream that may be compressed. */
  @FunctionalInterface
  interface Reader<T> {
    T read(InputStream in) throws IOException;
  }

  /** Reads a file, decompressed if it ends in {@code .gz}. */
  static <T> T read(Path file, Reader<T> reader) {
    boolean gzip = file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
    try (InputStream raw = Files.newInputStream(file);
        InputStream in =
            gzip ? new GZIPInputStream(raw, 1 << 16) : new BufferedInputStream(raw, 1 << 16)) {
      return reader.read(in);
    } catch (EOFException | ZipException e) {
      throw Soundness.torn(file, e);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.DATA, "data file: " + file + " (expected: a readable file: " + e + ")", e);
    }
  }

  static String sha256(List<Path> files) {
    try {
      return Digests.sha256(files);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.DATA, "data files: " + files + " (expected: readable files: " + e + ")", e);
    }
  }

  static AnabranchException corrupt(Object file, Object value, String expected) {
    return AnabranchException.expected(Failure.CORRUPT, file.toString(), value, expected);
  }

  /** Throws if one more image would be more than fits. */
  static void requireRoom(Object file, long bytes) {
    if (bytes > MOST_BYTES) {
      throw AnabranchException.expected(
          Failure.DATA, file + ": bytes of pixels", bytes, "at most " + MOST_BYTES);
    }
  }
}
