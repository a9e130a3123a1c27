package dev.anabranch.testkit;

import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Wire;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.WeakHashMap;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/**
 * Keeps deep copies of the last checkpoint, and can stop a run right after one, as a crash would.
 * Fails a run that changes in place what a device remembers: files write it once. Thread-safe.
 */
public final class MemoryCheckpoints implements Checkpoints {
  /** What a run is ended with. */
  public static final class Crash extends Error {
    private static final long serialVersionUID = 1L;

    Crash(int nextRound) {
      super("crash after the checkpoint before round " + nextRound);
    }
  }

  private final IntPredicate crashAfter;
  private @Nullable Checkpoint last;
  private final List<Integer> rounds = new ArrayList<>();
  private final Map<TensorMap, String> digests = new WeakHashMap<>();

  public MemoryCheckpoints() {
    this(nextRound -> false);
  }

  private MemoryCheckpoints(IntPredicate crashAfter) {
    this.crashAfter = crashAfter;
  }

  /** Throws {@link Crash} once the checkpoint before a round is safe. */
  public static MemoryCheckpoints crashingBefore(int round) {
    return new MemoryCheckpoints(nextRound -> nextRound == round);
  }

  /** The same content, without the crash. */
  public synchronized MemoryCheckpoints repaired() {
    var out = new MemoryCheckpoints();
    out.last = last;
    return out;
  }

  @Override
  public synchronized void save(Checkpoint checkpoint) {
    checkpoint.memories().values().forEach(memory -> memory.forEach(this::requireUnchanged));
    last = copy(checkpoint);
    rounds.add(checkpoint.nextRound());
    if (crashAfter.test(checkpoint.nextRound())) {
      throw new Crash(checkpoint.nextRound());
    }
  }

  private void requireUnchanged(String key, TensorMap value) {
    var before = digests.put(value, value.sha256());
    if (before != null && !before.equals(value.sha256())) {
      throw new AssertionError("memory '" + key + "': changed in place (expected: a new value)");
    }
  }

  @Override
  public synchronized Optional<Checkpoint> last() {
    return Optional.ofNullable(last).map(MemoryCheckpoints::copy);
  }

  /** The rounds before which a checkpoint was saved. */
  public synchronized List<Integer> rounds() {
    return List.copyOf(rounds);
  }

  private static Checkpoint copy(Checkpoint checkpoint) {
    var memories = new TreeMap<NodeId, Map<String, TensorMap>>();
    checkpoint
        .memories()
        .forEach((node, values) -> {
          var copies = new TreeMap<String, TensorMap>();
          values.forEach((key, value) -> copies.put(key, value.copy()));
          memories.put(node, copies);
        });
    var state =
        new Wire(copy(checkpoint.state().head()), copy(checkpoint.state().body()), () -> {});
    return new Checkpoint(checkpoint.nextRound(), state, memories, Map.copyOf(checkpoint.notes()));
  }

  private static MemorySegment copy(MemorySegment from) {
    return Arena.ofAuto()
        .allocate(Math.max(1, from.byteSize()), 64)
        .asSlice(0, from.byteSize())
        .copyFrom(from);
  }
}
