package dev.anabranch.app.record;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** Small files, written whole or not at all. */
public final class Storage {
  private Storage() {}

  static AnabranchException failed(Path file, IOException e) {
    return new AnabranchException(
        Failure.STORAGE,
        file
            + ": "
            + e.getClass().getSimpleName()
            + " "
            + e.getMessage()
            + " (expected: a folder that can be read and written, with room left)",
        e);
  }

  /** Writes a text whole or not at all. */
  public static void writeText(Path file, String text) {
    var part = file.resolveSibling(file.getFileName() + ".part");
    try {
      Files.writeString(part, text, StandardCharsets.UTF_8);
      try (var channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
        channel.force(true);
      }
      Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
