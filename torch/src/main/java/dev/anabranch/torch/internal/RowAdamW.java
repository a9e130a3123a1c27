package dev.anabranch.torch.internal;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * AdamW over the rows of an embedding matrix that a visit has looked up; equal to dense AdamW.
 *
 * <p>A row that was never looked up has zero gradient and zero moments, so dense AdamW would only
 * decay it: that factor is collected, and applied when the row is looked up first or in {@link
 * #settle}. Moments exist for the other rows alone. Equal to a dense step up to the rounding of the
 * collected factor.
 *
 * <p>Not thread-safe: it belongs to one visit. The owner closes it; the matrix is not its own.
 */
public final class RowAdamW implements AutoCloseable {
  /** Rows that there is room for from the beginning. */
  static final int FIRST = 1024;

  private final Tensor matrix;
  private final double beta1;
  private final double beta2;
  private final double eps;
  private final double decay;
  private final Map<Integer, Integer> places = new HashMap<>();
  private int[] rows = new int[FIRST];
  private Tensor means;
  private Tensor squares;
  private final Tensor count;
  private double pending = 1;

  /**
   * @param matrix [rows, d] fp32; rows that were not looked up are stale until {@link #settle}
   */
  public RowAdamW(Tensor matrix, double beta1, double beta2, double eps, double decay) {
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
    this.decay = decay;
    long d = matrix.size(1);
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      this.matrix = Tensors.own(matrix.detach());
      means = Tensors.own(torch.zeros(FIRST, d));
      squares = Tensors.own(torch.zeros(FIRST, d));
      count = Tensors.own(torch.zeros(new long[0]));
    }
  }

  /** Rows looked up so far. */
  public int touched() {
    return places.size();
  }

  /**
   * Makes rows of the matrix current; comes before they are read.
   *
   * @param ids rows of the matrix, one perhaps several times
   */
  public void touch(int[] ids) {
    int known = places.size();
    for (int id : ids) {
      place(id);
    }
    if (places.size() == known) {
      return;
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      if (rows.length > means.size(0)) {
        means = grown(means);
        squares = grown(squares);
      }
      if (pending != 1) {
        Tensor fresh = RowGradient.longs(Arrays.copyOfRange(rows, known, places.size()));
        Tensor current = matrix.index_select(0, fresh).mul_(new Scalar(pending));
        matrix.index_copy_(0, fresh, current);
      }
    }
  }

  private int place(int row) {
    Integer found = places.get(row);
    if (found != null) {
      return found;
    }
    if (row < 0 || row >= matrix.size(0)) {
      throw new IllegalArgumentException(
          "row: " + row + " (expected: 0 to " + (matrix.size(0) - 1) + ")");
    }
    int at = places.size();
    if (at == rows.length) {
      rows = Arrays.copyOf(rows, 2 * at);
    }
    rows[at] = row;
    places.put(row, at);
    return at;
  }

  private Tensor grown(Tensor old) {
    Tensor wide = Tensors.own(torch.zeros(rows.length, old.size(1)));
    wide.narrow(0, 0, old.size(0)).copy_(old);
    old.close();
    return wide;
  }

  private Tensor touchedRows() {
    return RowGradient.longs(Arrays.copyOf(rows, places.size()));
  }

  /**
   * One step.
   *
   * @param ids the rows whose gradient is not zero, each once, [k]
   * @param gradient theirs, [k, d]; stays as it is
   * @param factor multiplies the gradient
   */
  public void step(double rate, int[] ids, Tensor gradient, double factor) {
    touch(ids);
    int n = places.size();
    int[] at = new int[ids.length];
    for (int i = 0; i < at.length; i++) {
      at[i] = place(ids[i]);
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor all = torch.zeros(n, matrix.size(1));
      all.index_copy_(0, RowGradient.longs(at), gradient);
      Tensor which = touchedRows();
      Tensor values = matrix.index_select(0, which);
      count.add_(new Scalar(1));
      FusedAdamW.one(
          new Tensor[] {values, all, means.narrow(0, 0, n), squares.narrow(0, 0, n), count},
          new double[] {rate, beta1, beta2, decay, eps},
          factor);
      matrix.index_copy_(0, which, values);
    }
    pending *= 1 - rate * decay;
  }

  /** Makes all rows of the matrix current; afterwards a visit may go on. */
  public void settle() {
    if (pending == 1) {
      return;
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor which = touchedRows();
      Tensor current = matrix.index_select(0, which);
      matrix.mul_(new Scalar(pending));
      matrix.index_copy_(0, which, current);
    }
    pending = 1;
  }

  /** The matrix was written anew: no row is stale. */
  void forgive() {
    pending = 1;
  }

  @Override
  public void close() {
    matrix.close();
    means.close();
    squares.close();
    count.close();
  }
}
