package dev.anabranch.core;

import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.util.Set;

/** Files that are there whole or not at all, also after the power has failed. */
public final class WholeFile {
  private WholeFile() {}

  /** What a file is to hold. */
  public interface Content {
    /** Writes all of it. */
    void write(FileChannel to) throws IOException;
  }

  /**
   * Writes a file beside its place, makes it durable and moves it there.
   *
   * @param rights of the file from the moment it is made, so that at none somebody else may read it
   */
  public static void write(Path file, ByteBuffer bytes, FileAttribute<?>... rights)
      throws IOException {
    write(file, to -> writeAll(to, bytes), rights);
  }

  /** The same with what is too large for one buffer. */
  public static void write(Path file, Content content, FileAttribute<?>... rights)
      throws IOException {
    var part = file.resolveSibling(file.getFileName() + ".part");
    Files.deleteIfExists(part);
    try {
      try (var channel =
          FileChannel.open(
              part, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), rights)) {
        content.write(channel);
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } finally {
      Files.deleteIfExists(part); // left over if there was no room
    }
    var folder = file.toAbsolutePath().getParent();
    if (folder != null) {
      force(folder);
    }
  }

  /** Writes all that is left of a buffer, where a channel may take less at a time. */
  public static void writeAll(FileChannel to, ByteBuffer bytes) throws IOException {
    while (bytes.hasRemaining()) {
      to.write(bytes);
    }
  }

  /** Makes a new name in a folder durable, where the system can. */
  static void force(Path folder) throws IOException {
    if (File.separatorChar == '/') {
      try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }
}
