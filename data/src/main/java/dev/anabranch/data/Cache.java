package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The user's folder for what was fetched or took long to prepare. Files appear whole or not at all,
 * and two processes that need the same file make it once. Thread-safe.
 */
public final class Cache {
  /**
   * A file lock belongs to the whole process, so threads of one process need a lock of their own.
   */
  private static final ReentrantLock IN_PROCESS = new ReentrantLock();

  private final Path folder;

  public Cache(Path folder) {
    this.folder = folder;
  }

  /** Fills a file. */
  @FunctionalInterface
  public interface Maker {
    /**
     * @param file to be written; renamed to its name in the cache afterwards
     * @param scratch an empty folder, removed afterwards
     */
    void make(Path file, Path scratch) throws IOException;
  }

  /** Reads a file. */
  @FunctionalInterface
  public interface Reader<T> {
    /** Empty if the file is damaged, so that it must be made again. */
    Optional<T> read(Path file) throws IOException;
  }

  /**
   * {@code ANABRANCH_CACHE}, or {@code anabranch} in {@code XDG_CACHE_HOME} or {@code ~/.cache}.
   */
  public static Cache ofUser() {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  static Cache of(Map<String, String> environment, Path home) {
    var own = given(environment, "ANABRANCH_CACHE");
    if (own != null) {
      return new Cache(Path.of(own));
    }
    var shared = given(environment, "XDG_CACHE_HOME");
    return new Cache(
        (shared == null ? home.resolve(".cache") : Path.of(shared)).resolve("anabranch"));
  }

  private static @Nullable String given(Map<String, String> environment, String name) {
    var value = environment.get(name);
    return value == null || value.isBlank() ? null : value;
  }

  public Path folder() {
    return folder;
  }

  /**
   * What a file holds; the file is made first if it is missing or damaged.
   *
   * @param name of the file within the cache
   */
  public <T> T get(String name, Reader<T> reader, Maker maker) {
    var file = folder.resolve(name);
    try {
      var ready = readIfThere(file, reader);
      if (ready.isPresent()) {
        return ready.get();
      }
      Files.createDirectories(folder);
      IN_PROCESS.lock();
      try (var channel =
              FileChannel.open(
                  folder.resolve(name + ".lock"),
                  StandardOpenOption.CREATE,
                  StandardOpenOption.WRITE);
          var held = channel.lock()) {
        ready = held.isValid() ? readIfThere(file, reader) : Optional.empty();
        return ready.isPresent() ? ready.get() : make(file, reader, maker);
      } finally {
        IN_PROCESS.unlock();
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "cache: "
              + file
              + " (expected: a readable and writable file: "
              + e
              + "); name another folder in ANABRANCH_CACHE",
          e);
    }
  }

  private static <T> Optional<T> readIfThere(Path file, Reader<T> reader) throws IOException {
    return Files.isRegularFile(file) ? reader.read(file) : Optional.empty();
  }

  private <T> T make(Path file, Reader<T> reader, Maker maker) throws IOException {
    var scratch = Files.createTempDirectory(folder, "new-");
    try {
      var fresh = scratch.resolve("file");
      maker.make(fresh, Files.createDirectory(scratch.resolve("scratch")));
      try (var channel = FileChannel.open(fresh, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      return reader
          .read(file)
          .orElseThrow(() -> new IOException("what was just written cannot be read"));
    } finally {
      delete(scratch);
    }
  }

  private static void delete(Path folder) throws IOException {
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path dir, @Nullable IOException e)
              throws IOException {
            Files.delete(dir);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
