package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Memory;
import dev.anabranch.core.TensorMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the coordinator's ends of links remember: writes last once the round has ended, and are kept
 * in checkpoints. Of the coordinator's program. Values are copied when they are put.
 */
final class CoordinatorMemory implements Memory {
  private final Map<String, TensorMap> kept;
  private final Map<String, Optional<TensorMap>> writes = new HashMap<>();

  CoordinatorMemory(Map<String, TensorMap> before) {
    kept = new TreeMap<>(before);
  }

  @Override
  public Optional<TensorMap> get(String key) {
    var written = writes.get(key);
    return written != null ? written : Optional.ofNullable(kept.get(key));
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
    writes.forEach((key, value) -> {
      var old = value.isPresent() ? kept.put(key, value.get()) : kept.remove(key);
      if (old != null) {
        old.close();
      }
    });
    writes.clear();
  }

  /** All that is kept, for a checkpoint. */
  Map<String, TensorMap> all() {
    return new TreeMap<>(kept);
  }
}
