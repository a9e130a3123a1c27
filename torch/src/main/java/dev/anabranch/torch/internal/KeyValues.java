package dev.anabranch.torch.internal;

import java.util.Arrays;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of what a decoder has read: b sequences, each with its own number of tokens. A
 * walk appends a column a position; in a sequence that has fewer tokens in a walk than others the
 * columns left over are never seen again. Memory doubles when it is full. Used on a lane; not
 * thread-safe.
 */
final class KeyValues implements AutoCloseable {
  private static final long FIRST = 64;

  private final int b;
  private final @Nullable Tensor[] keys;
  private final @Nullable Tensor[] values;
  private final int[] read;
  private boolean[] real = new boolean[0]; // [b, columns]
  private long columns;
  private long coming;
  private boolean whole = true;

  /** Room for b sequences in so many layers. */
  KeyValues(int b, int layers) {
    this.b = b;
    this.keys = new Tensor[layers];
    this.values = new Tensor[layers];
    this.read = new int[b];
  }

  /** Announces a walk over t positions, of which row i has {@code counts[i]} real ones. */
  void begin(int[] counts, int t) {
    boolean[] wide = new boolean[Math.toIntExact(b * (columns + t))];
    for (int i = 0; i < b; i++) {
      int to = (int) (i * (columns + t));
      System.arraycopy(real, (int) (i * columns), wide, to, (int) columns);
      Arrays.fill(wide, (int) (to + columns), (int) (to + columns + counts[i]), true);
    }
    real = wide;
    coming = t;
    whole &= Arrays.stream(counts).allMatch(n -> n == t);
  }

  /** The walk is over. */
  void end(int[] counts) {
    columns += coming;
    coming = 0;
    for (int i = 0; i < b; i++) {
      read[i] += counts[i];
    }
  }

  /** Tokens read of the longest sequence. */
  int longest() {
    return Arrays.stream(read).max().orElse(0);
  }

  /** Places of the walk's positions in their sequences, [1 or b, t]. */
  Tensor places(long t) {
    boolean same = Arrays.stream(read).allMatch(n -> n == read[0]);
    int rows = same ? 1 : b;
    long[] out = new long[Math.toIntExact(rows * t)];
    for (int i = 0; i < out.length; i++) {
      out[i] = read[(int) (i / t)] + i % t;
    }
    return Tensors.longs(out, rows, t);
  }

  /** Whether every column is real in every sequence. */
  boolean whole() {
    return whole;
  }

  /** What attention adds to its scores, [b, 1, 1, columns + t]: minus infinity where not real. */
  Tensor unread() {
    float[] out = new float[real.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = real[i] ? 0 : Float.NEGATIVE_INFINITY;
    }
    return Tensors.floats(out, b, 1, 1, columns + coming);
  }

  /** All keys of a layer, those of this walk, [b, g, t, w], behind the earlier ones. */
  Tensor keys(int layer, Tensor fresh) {
    return append(keys, layer, fresh);
  }

  Tensor values(int layer, Tensor fresh) {
    return append(values, layer, fresh);
  }

  private Tensor append(@Nullable Tensor[] all, int layer, Tensor fresh) {
    long needed = columns + fresh.size(2);
    Tensor room = all[layer];
    if (room == null || room.size(2) < needed) {
      room = grown(room, fresh, Math.max(FIRST, 2 * needed));
      all[layer] = room;
    }
    room.narrow(2, columns, fresh.size(2)).copy_(fresh);
    return room.narrow(2, 0, needed);
  }

  private Tensor grown(@Nullable Tensor old, Tensor like, long columnsNow) {
    try (var scope = new PointerScope()) {
      Tensor wide = Tensors.own(torch.empty(b, like.size(1), columnsNow, like.size(3)));
      if (old != null) {
        wide.narrow(2, 0, columns).copy_(old.narrow(2, 0, columns));
        old.close();
      }
      return wide;
    }
  }

  /** [b, g, k, w] to [b, g · share, k, w]. */
  static Tensor shared(Tensor part, long share) {
    return share == 1
        ? part
        : part.unsqueeze(2)
            .expand(part.size(0), part.size(1), share, part.size(2), part.size(3))
            .reshape(part.size(0), part.size(1) * share, part.size(2), part.size(3));
  }

  /** Trained rows [p, g · w] before [b, g, k, w]. */
  static Tensor behind(Tensor rows, Tensor part) {
    long g = part.size(1);
    long w = part.size(3);
    Tensor each =
        rows.view(rows.size(0), g, w)
            .transpose(0, 1)
            .unsqueeze(0)
            .expand(part.size(0), g, rows.size(0), w);
    return torch.cat(new TensorVector(each, part), 2);
  }

  @Override
  public void close() {
    for (int i = 0; i < keys.length; i++) {
      if (keys[i] != null) {
        Objects.requireNonNull(keys[i]).close();
        Objects.requireNonNull(values[i]).close();
        keys[i] = null;
        values[i] = null;
      }
    }
  }
}
