package dev.anabranch.fabrics.common;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the parties keep from one visit to the next: in memory up to a budget, beyond it in
 * temporary files that the operating system pages. Thread-safe.
 */
public final class Memories {
  private static final long BUDGET = 1L << 30;

  private final Map<NodeId, Map<String, TensorMap>> kept = new TreeMap<>();
  private long bytes;

  /** Nothing is kept yet. */
  Memories() {}

  /** Keeps what a checkpoint kept. */
  Memories(Map<NodeId, Map<String, TensorMap>> before) {
    before.forEach((node, values) -> values.forEach((key, value) -> keep(node, key, value)));
  }

  /** A view of a node's memory whose writes last only once they are committed here. */
  public StagedMemory open(NodeId node) {
    return new StagedMemory(key -> get(node, key));
  }

  /** Makes what was written to a node's memory last. */
  public void commit(NodeId node, StagedMemory memory) {
    memory.commit((key, value) -> keep(node, key, value));
  }

  /** All that is kept, for a checkpoint. */
  synchronized Map<NodeId, Map<String, TensorMap>> all() {
    var out = new TreeMap<NodeId, Map<String, TensorMap>>();
    kept.forEach((node, values) -> out.put(node, new TreeMap<>(values)));
    return out;
  }

  /** What a node keeps under a key; null: nothing. */
  public synchronized @Nullable TensorMap get(NodeId node, String key) {
    var values = kept.get(node);
    return values == null ? null : values.get(key);
  }

  private synchronized void keep(NodeId node, String key, @Nullable TensorMap value) {
    var values = kept.computeIfAbsent(node, n -> new TreeMap<>());
    var old = value == null ? values.remove(key) : values.put(key, place(value));
    if (old != null) {
      bytes -= old.data().byteSize();
      old.close();
    }
    if (values.isEmpty()) {
      kept.remove(node);
    }
  }

  private TensorMap place(TensorMap value) {
    long size = value.data().byteSize();
    bytes += size;
    if (bytes <= BUDGET || size == 0) {
      return value;
    }
    try (value) {
      var file = Files.createTempFile("anabranch-memory", ".bin");
      try (var channel =
          FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
        var place = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, Arena.ofAuto());
        MemorySegment.copy(value.data(), 0, place, 0, size);
        return TensorMap.view(value.specs(), place, place);
      } finally {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "memory of devices: "
              + e.getMessage()
              + " (expected: room for temporary files);"
              + " make room or set java.io.tmpdir, then resume the run",
          e);
    }
  }
}
