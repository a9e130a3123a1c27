package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The files that a path in a plan means, all of one format.
 *
 * @param paths sorted by name
 */
record DataFiles(List<Path> paths, Format format) {
  /** How rows lie in a file. */
  enum Format {
    CSV("csv"),
    TSV("tsv"),
    LINES("jsonl", "ndjson"),
    JSON("json"),
    PARQUET("parquet");

    private final List<String> extensions;

    Format(String... extensions) {
      this.extensions = List.of(extensions);
    }

    static Optional<Format> of(Path file) {
      var name = file.getFileName().toString().toLowerCase(Locale.ROOT);
      return Arrays.stream(values())
          .filter(f ->
              f.extensions.stream()
                  .anyMatch(x ->
                      name.endsWith("." + x) || (f != PARQUET && name.endsWith("." + x + ".gz"))))
          .findFirst();
    }
  }

  private static final String KNOWN =
      Arrays.stream(Format.values())
          .flatMap(f -> f.extensions.stream())
          .map(x -> "." + x)
          .collect(Collectors.joining(", "));

  static DataFiles find(String name, String path) {
    Check.that(!path.isBlank(), name, "not given", "a file, a folder, or a pattern with *");
    List<Path> paths;
    try {
      paths = expand(path, p -> Format.of(p).isPresent());
    } catch (IOException | InvalidPathException e) {
      throw AnabranchException.expected(Failure.DATA, name, path, "a readable path: " + e);
    }
    if (paths.isEmpty()) {
      throw AnabranchException.expected(
          Failure.DATA, name, path, "a file that exists, of one of " + KNOWN + ", also with .gz");
    }
    var formats = paths.stream().map(p -> Format.of(p).orElse(Format.CSV)).distinct().toList();
    if (formats.size() > 1) {
      throw AnabranchException.expected(
          Failure.DATA,
          name,
          path,
          "files of one format, not " + formats.getFirst() + " and " + formats.get(1));
    }
    return new DataFiles(paths, formats.getFirst());
  }

  /** The wanted files that a path means: a file, a folder, or a pattern with {@code *}. */
  static List<Path> expand(String path, Predicate<Path> wanted) throws IOException {
    if (path.contains("*")) {
      int star = path.indexOf('*');
      int cut = path.lastIndexOf('/', star);
      var folder = cut < 0 ? Path.of("") : Path.of(path.substring(0, cut + 1));
      var matcher = FileSystems.getDefault().getPathMatcher("glob:" + path.substring(cut + 1));
      if (!Files.isDirectory(folder)) {
        return List.of();
      }
      try (Stream<Path> all = Files.walk(folder)) {
        return files(all.filter(p -> matcher.matches(folder.relativize(p))), wanted);
      }
    }
    var one = Path.of(path);
    if (Files.isDirectory(one)) {
      try (Stream<Path> all = Files.list(one)) {
        return files(all, wanted);
      }
    }
    return files(Stream.of(one), wanted);
  }

  private static List<Path> files(Stream<Path> paths, Predicate<Path> wanted) {
    return paths.filter(p -> Files.isRegularFile(p) && wanted.test(p)).sorted().toList();
  }
}
