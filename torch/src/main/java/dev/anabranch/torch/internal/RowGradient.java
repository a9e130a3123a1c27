package dev.anabranch.torch.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * The gradient of an embedding matrix as its rows that are not zero: each row once, in the order of
 * its first use. Used on a lane; not thread-safe.
 */
final class RowGradient implements AutoCloseable {
  private final long width;
  private final Map<Integer, Integer> places = new HashMap<>();
  private int[] rows = new int[1024];
  private @Nullable Tensor sums;

  RowGradient(long width) {
    this.width = width;
  }

  /**
   * Adds what came back to looked-up rows.
   *
   * @param ids rows of the matrix, [n], a row perhaps several times
   * @param gradient n rows of the width in any shape
   */
  void add(int[] ids, Tensor gradient) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      int[] at = new int[ids.length];
      for (int i = 0; i < ids.length; i++) {
        at[i] = place(ids[i]);
      }
      grow();
      var into = java.util.Objects.requireNonNull(sums);
      into.index_add_(0, Tensors.ints(at, at.length), gradient.reshape(-1, width));
    }
  }

  private int place(int row) {
    Integer found = places.get(row);
    if (found != null) {
      return found;
    }
    int next = places.size();
    if (next == rows.length) {
      rows = Arrays.copyOf(rows, 2 * next);
    }
    rows[next] = row;
    places.put(row, next);
    return next;
  }

  private void grow() {
    var old = sums;
    if (old != null && old.size(0) >= places.size()) {
      return;
    }
    Tensor wide = Tensors.own(torch.zeros(rows.length, width));
    if (old != null) {
      wide.narrow(0, 0, old.size(0)).copy_(old);
      old.close();
    }
    sums = wide;
  }

  /** Whether nothing was added since {@link #clear}. */
  boolean isEmpty() {
    return sums == null;
  }

  /** The rows, [k]. */
  int[] rows() {
    return Arrays.copyOf(rows, places.size());
  }

  /** Their gradients, [k, d], in the scope that is open now; not if empty. */
  Tensor values() {
    return java.util.Objects.requireNonNull(sums).narrow(0, 0, places.size());
  }

  /** The whole matrix's gradient, [n, d], in the scope that is open now; not if empty. */
  Tensor dense(long n) {
    try (var frozen = new NoGradGuard()) {
      int[] all = rows();
      return torch.zeros(n, width).index_copy_(0, longs(all), values());
    }
  }

  static Tensor longs(int[] rows) {
    return Tensors.longs(Arrays.stream(rows).asLongStream().toArray(), rows.length);
  }

  /** Forgets everything. */
  void clear() {
    places.clear();
    if (sums != null) {
      sums.close();
      sums = null;
    }
  }

  @Override
  public void close() {
    clear();
  }
}
