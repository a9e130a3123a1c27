package dev.anabranch.core;

import dev.anabranch.core.internal.CheckpointFile;
import dev.anabranch.core.internal.MemoryFiles;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Checkpoints in a folder, one file a round, the last two kept; beside them the large values that
 * devices remember, each written once. A file gets its name only once it is whole and on the disk,
 * and ends with a SHA-256 of itself. With a log, a checkpoint remembers how long the log was, and
 * going back to the checkpoint cuts the log back. Not thread-safe; one process at a time, see
 * {@link RunLock}.
 */
public final class FileCheckpoints implements Checkpoints {
  private static final String PREFIX = "round-";
  private static final String SUFFIX = ".ckpt";
  private static final int KEPT = 2;

  private final Path folder;
  private final LongSupplier logSize;
  private final LongConsumer cutLog;
  private final Consumer<String> notes;
  private final MemoryFiles memories;

  /** Checkpoints alone; a file that has to be passed over is not reported. */
  public FileCheckpoints(Path folder) {
    this(folder, null, note -> {});
  }

  /**
   * @param log cut back when a run goes on from a checkpoint
   * @param notes told of a damaged file that was passed over
   */
  public FileCheckpoints(Path folder, @Nullable FileRunLog log, Consumer<String> notes) {
    this.folder = folder;
    this.notes = notes;
    this.memories = new MemoryFiles(folder);
    this.logSize =
        () -> {
          if (log == null) {
            return -1;
          }
          log.force();
          return log.size();
        };
    this.cutLog =
        size -> {
          if (log != null && size >= 0) {
            log.cut(size);
          }
        };
  }

  @Override
  public void save(Checkpoint checkpoint) {
    var name = PREFIX + String.format("%06d", checkpoint.nextRound()) + SUFFIX;
    var part = folder.resolve(name + ".part");
    try {
      Files.createDirectories(folder);
      CheckpointFile.write(part, checkpoint, logSize.getAsLong(), memories);
      Files.move(
          part,
          folder.resolve(name),
          StandardCopyOption.ATOMIC_MOVE,
          StandardCopyOption.REPLACE_EXISTING);
      WholeFile.force(folder);
      prune();
    } catch (IOException e) {
      try {
        Files.deleteIfExists(part);
      } catch (IOException left) {
        e.addSuppressed(left);
      }
      throw new AnabranchException(
          Failure.STORAGE,
          "checkpoint: "
              + folder.resolve(name)
              + " cannot be written: "
              + e.getMessage()
              + " (expected: room and the right to write in "
              + folder
              + "); the last good checkpoint stands, make room and resume the run",
          e);
    }
  }

  private void prune() throws IOException {
    var files = files();
    int kept = Math.min(KEPT, files.size());
    for (var old : files.subList(kept, files.size())) {
      Files.deleteIfExists(old);
    }
    memories.keepOnly(files.subList(0, kept));
  }

  /** The newest first. */
  private List<Path> files() throws IOException {
    var out = new ArrayList<Path>();
    if (Files.isDirectory(folder)) {
      try (DirectoryStream<Path> all = Files.newDirectoryStream(folder, PREFIX + "*" + SUFFIX)) {
        all.forEach(out::add);
      }
    }
    out.sort(Comparator.comparing((Path p) -> p.getFileName().toString()).reversed());
    return out;
  }

  /**
   * The newest checkpoint that is whole.
   *
   * @throws AnabranchException of kind {@link Failure#CORRUPT} if there are some and all are
   *     damaged
   */
  @Override
  public Optional<Checkpoint> last() {
    try {
      var damaged = new ArrayList<String>();
      for (var file : files()) {
        try {
          var read = CheckpointFile.read(file, memories);
          cutLog.accept(read.logSize());
          return Optional.of(read.checkpoint());
        } catch (WireException e) {
          damaged.add(e.getMessage());
          notes.accept(
              "checkpoint: "
                  + file
                  + " is damaged ("
                  + e.getMessage()
                  + "); the one before it is used");
        }
      }
      if (!damaged.isEmpty()) {
        throw AnabranchException.expected(
            Failure.CORRUPT,
            "checkpoints in " + folder,
            damaged,
            "at least one that is whole; start the run anew in another folder");
      }
      return Optional.empty();
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "checkpoints in "
              + folder
              + ": "
              + e.getMessage()
              + " (expected: a folder that can be read)",
          e);
    }
  }
}
