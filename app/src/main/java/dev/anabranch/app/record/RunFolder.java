package dev.anabranch.app.record;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.RunLock;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;

/**
 * The folder that one run leaves. While it is open, no other process and no other run of this one
 * can open it. Closing twice is allowed.
 */
public final class RunFolder implements AutoCloseable {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT);

  private final Path path;
  private final RunLock lock;

  private RunFolder(Path path, RunLock lock) {
    this.path = path;
    this.lock = lock;
  }

  /** Makes {@code parent/name-timestamp}, with a number at its end if that is taken. */
  public static Path reserve(Path parent, String name, Instant now) {
    var base = name + "-" + STAMP.format(now.atZone(ZoneId.systemDefault()));
    try {
      Files.createDirectories(parent);
      for (int i = 1; ; i++) {
        var path = parent.resolve(i == 1 ? base : base + "-" + i);
        try {
          return Files.createDirectory(path);
        } catch (FileAlreadyExistsException e) {
          if (i == 1000) {
            throw e;
          }
        }
      }
    } catch (IOException e) {
      throw Storage.failed(parent, e);
    }
  }

  /** Makes a folder that a user named; it must be new or empty. */
  public static Path reserve(Path path) {
    try {
      if (Files.isDirectory(path)) {
        try (var entries = Files.list(path)) {
          if (entries.findAny().isPresent()) {
            throw AnabranchException.expected(
                Failure.IN_USE,
                path.toString(),
                "not empty",
                "a new or empty folder; to go on with a run, use 'anabranch resume " + path + "'");
          }
        }
      }
      return Files.createDirectories(path);
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }

  /** Opens a folder of a new run. */
  public static RunFolder open(Path path) {
    return new RunFolder(path, RunLock.take(path));
  }

  /** Opens the folder of a run that was interrupted. */
  public static RunFolder reopen(Path path) {
    require(path);
    var folder = open(path);
    if (Files.exists(folder.summary())) {
      folder.close();
      throw AnabranchException.expected(
          Failure.USAGE,
          path.toString(),
          "complete",
          "a run that was interrupted; see this one with 'anabranch report " + path + "'");
    }
    return folder;
  }

  /** Deletes the record of a run, if there is one that nobody has open. */
  public static void discard(Path path) {
    if (!Files.isRegularFile(plan(path))) {
      return;
    }
    try (var folder = open(path);
        var files = Files.walk(path)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        if (!file.equals(folder.path())) {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw Storage.failed(path, e);
    }
  }

  /** Refuses a folder that holds no run. */
  public static void require(Path path) {
    if (!Files.isRegularFile(plan(path))) {
      if (Files.isRegularFile(path.resolve("comparison.json"))) {
        throw AnabranchException.expected(
            Failure.USAGE, path.toString(), "several runs", "one of the folders in it");
      }
      throw AnabranchException.expected(
          Failure.USAGE, path.toString(), "no plan.yaml in it", "the folder of a run");
    }
  }

  public Path path() {
    return path;
  }

  public Path plan() {
    return plan(path);
  }

  public Path log() {
    return log(path);
  }

  public static Path log(Path run) {
    return run.resolve("log.jsonl");
  }

  public Path summary() {
    return summary(path);
  }

  public Path report() {
    return path.resolve("report.html");
  }

  public Path checkpoints() {
    return path.resolve("checkpoints");
  }

  public Path trained() {
    return trained(path);
  }

  public Path provenance() {
    return provenance(path);
  }

  public static Path plan(Path run) {
    return run.resolve("plan.yaml");
  }

  public static Path summary(Path run) {
    return run.resolve("summary.json");
  }

  public static Path trained(Path run) {
    return run.resolve("trained.safetensors");
  }

  public static Path provenance(Path run) {
    return run.resolve("provenance.json");
  }

  /** Writes a small file whole or not at all. */
  public void write(Path file, String text) {
    Storage.writeText(file, text);
  }

  @Override
  public void close() {
    lock.close();
  }
}
