package dev.anabranch.app.record;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.WholeFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

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
    try {
      WholeFile.write(file, ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    } catch (IOException e) {
      throw failed(file, e);
    }
  }
}
