package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import dev.anabranch.core.internal.Sweeps;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collection;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Named values in a fixed order, in one block off the heap: a model's trained variables, an update,
 * a gradient. Immutable once handed on; every operation gives a new map. Safe to read from any
 * thread. {@link #close()} frees the memory at once, closing twice is allowed, and a forgotten map
 * is freed when it becomes unreachable.
 */
public final class TensorMap implements AutoCloseable {
  private final List<TensorSpec> specs;
  private final Map<String, Integer> index;
  private final long[] offsets;
  private final MemorySegment data;
  private final @Nullable OffHeap owned;
  private final @Nullable Object keptAlive;

  private TensorMap(
      List<TensorSpec> specs,
      MemorySegment data,
      @Nullable OffHeap owned,
      @Nullable Object keptAlive) {
    this.specs = List.copyOf(specs);
    this.data = data;
    this.owned = owned;
    this.keptAlive = keptAlive;
    this.offsets = new long[specs.size() + 1];
    this.index = new LinkedHashMap<>();
    for (int i = 0; i < specs.size(); i++) {
      offsets[i + 1] = Math.addExact(offsets[i], specs.get(i).elements());
      if (index.put(specs.get(i).name(), i) != null) {
        throw new IllegalArgumentException("tensor '" + specs.get(i).name() + "' stands twice");
      }
    }
    if (data.byteSize() != offsets[specs.size()] * Float.BYTES) {
      throw new IllegalArgumentException(
          "data: "
              + data.byteSize()
              + " bytes (expected: "
              + offsets[specs.size()] * Float.BYTES
              + ")");
    }
  }

  /** Zeros of the given names and shapes. */
  public static TensorMap zeros(List<TensorSpec> specs) {
    long elements = specs.stream().mapToLong(TensorSpec::elements).sum();
    var memory = OffHeap.allocate(elements * Float.BYTES);
    return new TensorMap(specs, memory.segment(), memory, null);
  }

  /** A map whose values are anything, for a maker who writes all of them before anyone reads. */
  public static TensorMap room(List<TensorSpec> specs) {
    long elements = specs.stream().mapToLong(TensorSpec::elements).sum();
    var memory = OffHeap.room(elements * Float.BYTES);
    return new TensorMap(specs, memory.segment(), memory, null);
  }

  /**
   * The same in a file without a name, whose pages the system keeps or not as it likes.
   *
   * @param folder on whose disk; null: where temporary files are
   */
  static TensorMap inFile(List<TensorSpec> specs, @Nullable Path folder) throws IOException {
    long elements = specs.stream().mapToLong(TensorSpec::elements).sum();
    if (elements == 0) {
      return room(specs);
    }
    var memory = OffHeap.inFile(folder, elements * Float.BYTES);
    return new TensorMap(specs, memory.segment(), memory, null);
  }

  /** A copy of the given tensors, in the order of the map. */
  public static TensorMap of(Map<String, Tensor> tensors) {
    var out =
        room(
            tensors.entrySet().stream()
                .map(e -> TensorSpec.of(e.getKey(), e.getValue().shape()))
                .toList());
    int i = 0;
    for (var tensor : tensors.values()) {
      MemorySegment.copy(
          tensor.data(), 0, out.data, out.offsets[i++] * Float.BYTES, tensor.data().byteSize());
    }
    return out;
  }

  /** A view on memory that {@code owner} keeps; closing it does nothing. */
  public static TensorMap view(List<TensorSpec> specs, MemorySegment data, @Nullable Object owner) {
    return new TensorMap(specs, data, null, owner);
  }

  public static TensorMap empty() {
    return zeros(List.of());
  }

  /** Names and shapes; their order is the wire order. */
  public List<TensorSpec> specs() {
    return specs;
  }

  public int size() {
    return specs.size();
  }

  public boolean has(String name) {
    return index.containsKey(name);
  }

  /** All values, one tensor after another. */
  public MemorySegment data() {
    return data;
  }

  public long elements() {
    return offsets[specs.size()];
  }

  /** A view on one tensor. */
  public Tensor get(String name) {
    var i = index.get(name);
    if (i == null) {
      throw new IllegalArgumentException(
          "tensor '" + name + "' is missing (known: " + index.keySet() + ")");
    }
    long from = offsets[i] * Float.BYTES;
    return Tensor.view(
        data.asSlice(from, offsets[i + 1] * Float.BYTES - from), this, specs.get(i).dims());
  }

  /** {@code this + other}, element by element. */
  public TensorMap plus(TensorMap other) {
    return plusScaled(1, other);
  }

  /** {@code base + this}, in this map's memory if nobody else holds that; ends this map. */
  public TensorMap addedTo(TensorMap base) {
    if (!exclusive()) {
      try (this) {
        return base.plus(this);
      }
    }
    requireSame(base);
    Sweeps.plusScaled(base.data, 1, data, data);
    return this;
  }

  /** {@code this − other}. */
  public TensorMap minus(TensorMap other) {
    return plusScaled(-1, other);
  }

  /** {@code this + factor · other}, computed in double and rounded once. */
  public TensorMap plusScaled(double factor, TensorMap other) {
    requireSame(other);
    var out = room(specs);
    Sweeps.plusScaled(data, factor, other.data, out.data);
    return out;
  }

  public TensorMap scale(double factor) {
    var out = room(specs);
    Sweeps.scale(data, factor, out.data);
    return out;
  }

  /** A copy of the tensors whose names pass. */
  public TensorMap select(Predicate<String> names) {
    var chosen = new LinkedHashMap<String, Tensor>();
    for (var spec : specs) {
      if (names.test(spec.name())) {
        chosen.put(spec.name(), get(spec.name()));
      }
    }
    return of(chosen);
  }

  /** A copy of both maps, one after the other. Names must differ. */
  public TensorMap and(TensorMap other) {
    var all = new LinkedHashMap<String, Tensor>();
    for (var map : List.of(this, other)) {
      for (var spec : map.specs) {
        if (all.put(spec.name(), map.get(spec.name())) != null) {
          throw new IllegalArgumentException("tensor '" + spec.name() + "' stands twice");
        }
      }
    }
    return of(all);
  }

  /** A copy that owns its memory. */
  public TensorMap copy() {
    var out = room(specs);
    MemorySegment.copy(data, 0, out.data, 0, data.byteSize());
    return out;
  }

  /**
   * The same values, which stay when this map or the message that it is a view of is closed:
   * without a copy where their memory can be held.
   */
  TensorMap retained() {
    var held = owned != null ? owned.share() : keptAlive instanceof Wire w ? w.shareBody() : null;
    return held == null ? copy() : new TensorMap(specs, data, held, null);
  }

  /**
   * Another hold on this map's memory, if that is its own, or of the message that it is a view of,
   * and holds nothing else.
   */
  @Nullable OffHeap share() {
    if (owned != null) {
      return owned.segment().byteSize() == data.byteSize() ? owned.share() : null;
    }
    return keptAlive instanceof Wire wire && wire.body().byteSize() == data.byteSize()
        ? wire.shareBody()
        : null;
  }

  /** Whether its values take memory; those in a file take none. */
  boolean inMemory() {
    return !data.isMapped();
  }

  /** Whether nobody else holds this map's memory: its one owner may write into it. */
  boolean exclusive() {
    return owned != null && owned.exclusive();
  }

  /** Euclidean norm over all values, in double. */
  public double norm() {
    double sum = 0;
    long n = elements();
    for (long i = 0; i < n; i++) {
      double v = data.getAtIndex(Tensor.FLOAT, i);
      sum += v * v;
    }
    return Math.sqrt(sum);
  }

  /** True if no value is NaN or infinite. */
  public boolean isFinite() {
    return Sweeps.isFinite(data);
  }

  /** SHA-256 over names, shapes and bytes, as lower-case hexadecimal digits. */
  public String sha256() {
    try {
      var digest = MessageDigest.getInstance("SHA-256");
      for (var spec : specs) {
        digest.update(
            (spec.name() + spec.shape() + "\n").getBytes(java.nio.charset.StandardCharsets.UTF_8));
      }
      long step = 1 << 30;
      for (long from = 0; from < data.byteSize(); from += step) {
        digest.update(data.asSlice(from, Math.min(step, data.byteSize() - from)).asByteBuffer());
      }
      return HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  /** Throws unless the other map has the same names and shapes in the same order. */
  public void requireSame(TensorMap other) {
    requireSpecs(other.specs);
  }

  /** Throws unless this map has exactly these names and shapes, in this order. */
  public void requireSpecs(Collection<TensorSpec> expected) {
    if (!specs.equals(List.copyOf(expected))) {
      throw new IllegalArgumentException("tensors: " + specs + " (expected: " + expected + ")");
    }
  }

  /** Where names or shapes first differ from the expected ones; empty if they do not. */
  public Optional<String> difference(List<TensorSpec> expected) {
    for (int i = 0; i < Math.max(specs.size(), expected.size()); i++) {
      var found = i < specs.size() ? specs.get(i).toString() : "nothing";
      var wanted = i < expected.size() ? expected.get(i).toString() : "nothing more";
      if (!found.equals(wanted)) {
        return Optional.of(found + " (expected: " + wanted + ")");
      }
    }
    return Optional.empty();
  }

  @Override
  public void close() {
    if (owned != null) {
      owned.close();
    }
  }

  @Override
  public String toString() {
    return "TensorMap" + specs + (keptAlive == null ? "" : " (view)");
  }
}
