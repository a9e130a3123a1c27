package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Failure;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Wire;
import dev.anabranch.fabrics.common.StagedMemory;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What one party keeps from visit to visit, on this agent's disk: a version for each attempt that
 * wrote something. A visit starts from the version that the coordinator names, so that one that was
 * tried twice, or a coordinator that went back, finds what belongs to it. Not thread-safe.
 */
final class AgentMemory {
  /** Rounds before the version in use that are kept for a coordinator that goes back. */
  private static final int KEPT = 3;

  private final Path folder;
  private final NodeId party;

  /**
   * @param folder of this party in this run
   */
  AgentMemory(Path folder, NodeId party) {
    this.folder = folder;
    this.party = party;
  }

  private record Name(int round, int attempt) implements Comparable<Name> {
    static Name of(Version version) {
      return new Name(version.getRound(), version.getAttempt());
    }

    static Optional<Name> read(Path path) {
      var name = path.getFileName().toString();
      int dot = name.indexOf('.');
      try {
        return dot < 0
            ? Optional.empty()
            : Optional.of(
                new Name(
                    Integer.parseInt(name.substring(0, dot)),
                    Integer.parseInt(name.substring(dot + 1))));
      } catch (NumberFormatException e) {
        return Optional.empty();
      }
    }

    String text() {
      return round + "." + attempt;
    }

    @Override
    public int compareTo(Name other) {
      int byRound = Integer.compare(round, other.round);
      return byRound != 0 ? byRound : Integer.compare(attempt, other.attempt);
    }
  }

  /**
   * A view of a version whose writes make another.
   *
   * @param version null: nothing was kept yet
   * @throws AnabranchException of kind STORAGE if this agent does not have it
   */
  Staged open(@Nullable Version version) {
    return new Staged(version == null ? Map.of() : read(Name.of(version)));
  }

  private Map<String, TensorMap> read(Name name) {
    var there = Files.isDirectory(folder.resolve(name.text()));
    return (there
            ? new FileCheckpoints(folder.resolve(name.text())).last()
            : Optional.<Checkpoint>empty())
        .map(kept -> kept.memories().getOrDefault(party, Map.of()))
        .orElseThrow(() ->
            AnabranchException.expected(
                Failure.STORAGE,
                "memory of " + party,
                "nothing of round " + (name.round + 1) + ", attempt " + (name.attempt + 1),
                "in "
                    + folder
                    + ", where it was kept; restore that folder, or start the run anew"));
  }

  /** Forgets what no coordinator will come back to, now that this version is in use. */
  void prune(@Nullable Version used) {
    if (used == null || !Files.isDirectory(folder)) {
      return;
    }
    var older = new ArrayList<Name>();
    for (var name : names()) {
      if (name.compareTo(Name.of(used)) < 0) {
        older.add(name);
      }
    }
    older.sort(Comparator.reverseOrder());
    for (var name : older.subList(Math.min(KEPT, older.size()), older.size())) {
      VisitFolder.delete(folder.resolve(name.text()));
    }
  }

  private List<Name> names() {
    try (var all = Files.list(folder)) {
      return all.map(Name::read).flatMap(Optional::stream).toList();
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "memory of " + party + ": " + e.getMessage() + " (expected: a folder that can be read)",
          e);
    }
  }

  /** Not thread-safe: of one visit. */
  final class Staged {
    private final Map<String, TensorMap> before;
    private final StagedMemory memory;

    private Staged(Map<String, TensorMap> before) {
      this.before = before;
      memory = new StagedMemory(before::get);
    }

    /** What the visit's program reads and writes. */
    Memory memory() {
      return memory;
    }

    /** Puts what was written on the disk as a version; false if there is nothing. */
    boolean save(int round, int attempt) {
      if (!memory.written()) {
        return false;
      }
      var after = new TreeMap<>(before);
      memory.commit((key, value) -> {
        if (value != null) {
          after.put(key, value);
        } else {
          after.remove(key);
        }
      });
      var none = MemorySegment.NULL.asSlice(0, 0);
      var version = folder.resolve(new Name(round, attempt).text());
      VisitFolder.delete(version);
      new FileCheckpoints(version)
          .save(
              new Checkpoint(
                  round, new Wire(none, none, () -> {}), Map.of(party, after), Map.of()));
      return true;
    }
  }
}
