package dev.anabranch.torch.internal;

import java.lang.foreign.ValueLayout;
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
 * decay it: that factor is collected and applied in {@link #finish}, or when the row is looked up
 * first. All other rows live in a small matrix in the order of their first use, which stands for
 * the embedding until then. Equal to a dense step up to the rounding of the collected factor.
 *
 * <p>Not thread-safe: it belongs to one visit. The owner closes it; the matrix is not its own.
 */
public final class RowAdamW implements AutoCloseable {
  private static final int FIRST = 1024;

  private final Tensor matrix;
  private final double beta1;
  private final double beta2;
  private final double eps;
  private final double decay;
  private final Map<Long, Long> places = new HashMap<>();
  private long[] rows = new long[FIRST];
  private Tensor values;
  private Tensor means;
  private Tensor squares;
  private final Tensor count;
  private double pending = 1;

  /**
   * @param matrix [rows, d] fp32; stale for rows that were looked up until {@link #finish}
   */
  public RowAdamW(Tensor matrix, double beta1, double beta2, double eps, double decay) {
    this.matrix = matrix;
    this.beta1 = beta1;
    this.beta2 = beta2;
    this.eps = eps;
    this.decay = decay;
    long d = matrix.size(1);
    try (var frozen = new NoGradGuard()) {
      values = torch.zeros(FIRST, d);
      means = torch.zeros(FIRST, d);
      squares = torch.zeros(FIRST, d);
      count = torch.zeros(new long[0]);
    }
    for (Tensor own : new Tensor[] {values, means, squares, count}) {
      Tensors.own(own);
    }
  }

  /** Rows looked up so far. */
  public int touched() {
    return places.size();
  }

  /**
   * Prepares the rows of a batch.
   *
   * @param ids rows of the matrix, int64, any shape
   * @return rows of {@link #values}, same shape
   */
  public Tensor touch(Tensor ids) {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      long[] all = Tensors.memory(ids.contiguous()).toArray(ValueLayout.JAVA_LONG);
      int known = places.size();
      for (int i = 0; i < all.length; i++) {
        all[i] = place(all[i]);
      }
      if (places.size() > known) {
        fetch(known);
      }
      return Tensors.own(Tensors.longs(all, all.length).view(ids.sizes()));
    }
  }

  private long place(long row) {
    Long found = places.get(row);
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
    places.put(row, (long) at);
    return at;
  }

  private void fetch(int known) {
    if (rows.length > values.size(0)) {
      values = grown(values);
      means = grown(means);
      squares = grown(squares);
    }
    long[] fresh = Arrays.copyOfRange(rows, known, places.size());
    values
        .narrow(0, known, fresh.length)
        .copy_(
            matrix
                .detach()
                .index_select(0, Tensors.longs(fresh, fresh.length))
                .mul_(new Scalar(pending)));
  }

  private Tensor grown(Tensor old) {
    Tensor wide = Tensors.own(torch.zeros(rows.length, old.size(1)));
    wide.narrow(0, 0, old.size(0)).copy_(old);
    old.close();
    return wide;
  }

  /**
   * [touched, d] fp32, to look {@link #touch}'s rows up in; a view that is valid until the next.
   */
  public Tensor values() {
    return values.narrow(0, 0, places.size());
  }

  /**
   * One step.
   *
   * @param gradient with respect to {@link #values}, contiguous
   * @param factor multiplies the gradient, which is overwritten if it is not 1
   */
  public void step(double rate, Tensor gradient, double factor) {
    long n = places.size();
    if (gradient.size(0) != n) {
      throw new IllegalArgumentException(
          "gradient: " + gradient.size(0) + " rows (expected: " + n + ")");
    }
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      count.add_(new Scalar(1));
      FusedAdamW.one(
          new Tensor[] {
            values.narrow(0, 0, n), gradient, means.narrow(0, 0, n), squares.narrow(0, 0, n), count
          },
          new double[] {rate, beta1, beta2, decay, eps},
          factor);
    }
    pending *= 1 - rate * decay;
  }

  /** Writes all rows into the matrix; afterwards a visit may go on. */
  public void finish() {
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      Tensor whole = matrix.detach();
      if (pending != 1) {
        whole.mul_(new Scalar(pending));
        pending = 1;
      }
      int n = places.size();
      whole.index_copy_(0, Tensors.longs(Arrays.copyOf(rows, n), n), values());
    }
  }

  @Override
  public void close() {
    values.close();
    means.close();
    squares.close();
    count.close();
  }
}
