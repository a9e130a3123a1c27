package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;

/** Small files, durable and whole, for their owner alone where that matters. */
final class SafeFiles {
  private SafeFiles() {}

  static AnabranchException failed(Path file, IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        file
            + ": "
            + e.getClass().getSimpleName()
            + " "
            + e.getMessage()
            + " (expected: a file that can be read and written, with room left)",
        e);
  }

  /** Makes a folder that only its owner can look into. */
  static void privateFolder(Path folder) {
    try {
      if (!Files.isDirectory(folder)) {
        Files.createDirectories(folder, attributes(folder, "rwx------"));
      }
    } catch (IOException e) {
      throw failed(folder, e);
    }
  }

  /** Writes a text that only its owner may read. */
  static void writePrivate(Path file, String text) {
    write(file, text, "rw-------");
  }

  static void writePublic(Path file, String text) {
    write(file, text, "rw-r--r--");
  }

  private static void write(Path file, String text, String rights) {
    var part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.deleteIfExists(part);
      // The rights are set when the file is made: at no moment can somebody else read it.
      try (var channel =
          FileChannel.open(
              part,
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              attributes(file, rights))) {
        var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      forceFolder(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }

  /** A rename is durable once its folder is. */
  private static void forceFolder(Path file) throws IOException {
    var folder = file.toAbsolutePath().getParent();
    if (folder != null && posix(folder)) {
      try (var channel = FileChannel.open(folder, StandardOpenOption.READ)) {
        channel.force(true);
      }
    }
  }

  private static boolean posix(Path at) {
    return at.getFileSystem().supportedFileAttributeViews().contains("posix");
  }

  private static FileAttribute<?>[] attributes(Path at, String rights) {
    return posix(at)
        ? new FileAttribute<?>[] {
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(rights))
        }
        : new FileAttribute<?>[0];
  }

  /** A small text file, refused where it is larger than anything that is written there. */
  static String read(Path file, int limit) {
    try {
      long size = Files.size(file);
      if (size > limit) {
        throw AnabranchException.expected(
            Failure.CORRUPT, file.toString(), size + " bytes", "at most " + limit);
      }
      return Files.readString(file);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
