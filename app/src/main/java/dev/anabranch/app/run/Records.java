package dev.anabranch.app.run;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.FileRunLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

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

  /** The newest checkpoint; the log stays as it is. */
  static Optional<Checkpoint> last(Path folder, Consumer<String> notes) {
    return any(folder) ? new FileCheckpoints(folder, null, notes).last() : Optional.empty();
  }

  /** Names of the classes, as the log begins; empty if it does not say. */
  static List<String> classes(Path log) {
    try (var lines = Files.lines(log)) {
      return lines
          .findFirst()
          .map(line -> Json.object(log, line).get("classes"))
          .map(Records::texts)
          .orElse(List.of());
    } catch (IOException | UncheckedIOException e) {
      return List.of();
    }
  }

  static List<String> texts(@Nullable Object list) {
    return list instanceof List<?> all ? all.stream().map(String::valueOf).toList() : List.of();
  }

  /** How a run is called beside others, as its log begins; empty if that does not say. */
  static Optional<String> label(Path log) {
    try (var lines = Files.lines(log)) {
      return lines
          .findFirst()
          .map(line -> Json.object(log, line).get("label"))
          .map(String::valueOf);
    } catch (IOException | UncheckedIOException | AnabranchException e) {
      return Optional.empty(); // no log yet, or none that got as far as its first line
    }
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
