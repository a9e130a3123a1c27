package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

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
    try {
      var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
      WholeFile.write(file, bytes, attributes(file, rights));
    } catch (IOException e) {
      throw failed(file, e);
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
