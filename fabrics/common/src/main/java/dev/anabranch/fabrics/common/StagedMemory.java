package dev.anabranch.fabrics.common;

import dev.anabranch.core.Memory;
import dev.anabranch.core.TensorMap;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A view of what a party keeps, whose writes are set aside until somebody makes them last. Values
 * are copied when they are put. Not thread-safe: of one program.
 */
public final class StagedMemory implements Memory {
  private final Function<String, @Nullable TensorMap> kept;
  private final Map<String, Optional<TensorMap>> writes = new HashMap<>();

  /**
   * @param kept what is kept under a key; null: nothing
   */
  public StagedMemory(Function<String, @Nullable TensorMap> kept) {
    this.kept = kept;
  }

  @Override
  public Optional<TensorMap> get(String key) {
    var written = writes.get(key);
    return written != null ? written : Optional.ofNullable(kept.apply(key));
  }

  @Override
  public void put(String key, TensorMap value) {
    writes.put(key, Optional.of(value.copy()));
  }

  @Override
  public void remove(String key) {
    writes.put(key, Optional.empty());
  }

  /** Whether anything was put or removed. */
  public boolean written() {
    return !writes.isEmpty();
  }

  /**
   * Hands over what was written, and forgets it.
   *
   * @param keep told of each key with its value, null where it was removed
   */
  public void commit(BiConsumer<String, @Nullable TensorMap> keep) {
    writes.forEach((key, value) -> keep.accept(key, value.orElse(null)));
    writes.clear();
  }
}
