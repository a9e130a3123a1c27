package dev.anabranch.app.run;

import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.FileRunLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/** Log and checkpoints of a run's folder. */
final class Records {
  private Records() {}

  /** The log of a run, at its end. */
  static FileRunLog log(Path file) {
    return new FileRunLog(file);
  }

  /** The checkpoints of a run; going back to one cuts the log back. */
  static Checkpoints checkpoints(Path folder, FileRunLog log, Consumer<String> notes) {
    return new FileCheckpoints(folder, log, notes);
  }

  /** Whether there is anything to go on from. */
  static boolean any(Path folder) {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (var files = Files.list(folder)) {
      return files.anyMatch(file -> file.toString().endsWith(".ckpt"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
