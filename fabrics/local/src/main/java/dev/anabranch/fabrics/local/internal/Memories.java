package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Memory;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.TensorMap;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What the parties keep from one visit to the next: in memory up to a budget, beyond it in
 * temporary files that the operating system pages. Thread-safe.
 */
final class Memories {
  private static final long BUDGET = 1L << 30;

  private final Map<NodeId, Map<String, TensorMap>> kept = new TreeMap<>();
  private long bytes;

  Memories(Map<NodeId, Map<String, TensorMap>> before) {
    before.forEach((node, values) -> values.forEach((key, value) -> keep(node, key, value)));
  }

  /** A view of a node's memory whose writes last only once they are committed. */
  Staged open(NodeId node) {
    return new Staged(node);
  }

  /** All that is kept, for a checkpoint. */
  synchronized Map<NodeId, Map<String, TensorMap>> all() {
    var out = new TreeMap<NodeId, Map<String, TensorMap>>();
    kept.forEach((node, values) -> out.put(node, new TreeMap<>(values)));
    return out;
  }

  synchronized @Nullable TensorMap get(NodeId node, String key) {
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

  /** Not thread-safe: of one visit. Values are copied when they are put. */
  final class Staged implements Memory {
    private final NodeId node;
    private final Map<String, Optional<TensorMap>> writes = new HashMap<>();

    private Staged(NodeId node) {
      this.node = node;
    }

    @Override
    public Optional<TensorMap> get(String key) {
      var written = writes.get(key);
      return written != null ? written : Optional.ofNullable(Memories.this.get(node, key));
    }

    @Override
    public void put(String key, TensorMap value) {
      writes.put(key, Optional.of(value.copy()));
    }

    @Override
    public void remove(String key) {
      writes.put(key, Optional.empty());
    }

    /** Makes the writes last. */
    void commit() {
      writes.forEach((key, value) -> keep(node, key, value.orElse(null)));
      writes.clear();
    }
  }
}
