package dev.anabranch.torch.files;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file as memory. Reading is thread-safe; closing unmaps, and twice is allowed.
 *
 * @param where what messages call the file
 */
record Mapped(String where, Arena arena, MemorySegment bytes) implements AutoCloseable {
  /** Reads what a mapped file holds; whatever it throws, the file is unmapped. */
  interface Reader<T> {
    T read(Mapped file);
  }

  static <T> T open(Path path, Reader<T> reader) {
    var arena = Arena.ofShared();
    boolean done = false;
    try (var channel = FileChannel.open(path, StandardOpenOption.READ)) {
      var all = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
      var out = reader.read(new Mapped(String.valueOf(path.getFileName()), arena, all));
      done = true;
      return out;
    } catch (IOException e) {
      throw unreadable(path, e);
    } finally {
      if (!done && arena.scope().isAlive()) {
        arena.close();
      }
    }
  }

  static AnabranchException unreadable(Path path, IOException e) {
    return e instanceof NoSuchFileException
        ? AnabranchException.expected(Failure.MODEL, path.toString(), "missing", "a file")
        : new AnabranchException(
            Failure.STORAGE, path + ": " + e + " (expected: a readable file)", e);
  }

  /** Lets go of the pages that were read. */
  void release() {
    if (arena.scope().isAlive()) {
      bytes.unload();
    }
  }

  @Override
  public void close() {
    if (arena.scope().isAlive()) {
      arena.close();
    }
  }

  /** What to throw when the file is not as its format says. */
  AnabranchException broken(String what, Object value, String expected) {
    return new AnabranchException(
        Failure.CORRUPT,
        where + ": " + what + ": " + value + " (expected: " + expected + "); get the file again");
  }

  /** What to throw when the file is sound but asks for something that is not there. */
  AnabranchException unsupported(String what, Object value, String expected) {
    return AnabranchException.expected(Failure.MODEL, where + ": " + what, value, expected);
  }
}
