package dev.anabranch.fabrics.common;

import dev.anabranch.core.Books;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Where a run begins: at its first round, or at its last checkpoint.
 *
 * @param last null at the first round
 * @param memories what the checkpoint kept
 * @param wall begins with this
 */
public record Start(
    @Nullable Checkpoint last, Notes notes, Books books, Memories memories, WallClock wall) {
  /** Of the run whose checkpoints these are. */
  public static Start of(Checkpoints checkpoints) {
    var last = checkpoints.last().orElse(null);
    if (last == null) {
      return new Start(
          null, new Notes(), new Books(Books.NOTHING), new Memories(), new WallClock(0));
    }
    var notes = Notes.read(last.notes());
    return new Start(
        last,
        notes,
        new Books(Books.read(last.notes())),
        new Memories(last.memories()),
        new WallClock(notes.wallSeconds));
  }

  /** What was noted with the checkpoint; empty without one. */
  public Map<String, String> noted() {
    return last == null ? Map.of() : last.notes();
  }

  /** A note of the checkpoint. */
  public Optional<String> noted(String key) {
    return Optional.ofNullable(noted().get(key));
  }

  int firstRound() {
    return last == null ? 0 : last.nextRound();
  }
}
