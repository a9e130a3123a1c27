package dev.anabranch.core;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** The examples of one device, or the hold-out. Safe to read from any thread. */
public interface Shard {
  int size();

  /** Class index of one row. */
  int label(int row);

  /** Collates rows, padded to the longest of them. */
  Batch batch(int[] rows);

  /** Whether rows are distorted anew each time they are trained on. */
  default boolean distorts() {
    return false;
  }

  /** As {@link #batch(int[])}, but distorted by a stream of this seed where rows are. */
  default Batch batch(int[] rows, long seed) {
    return batch(rows);
  }

  /** The rows in order. */
  default int[] rows() {
    return IntStream.range(0, size()).toArray();
  }

  /**
   * At most {@code limit} rows drawn without replacement; all of them, in order, if there are no
   * more. 0: no limit.
   */
  default int[] sample(int limit, RandomGenerator random) {
    int[] all = rows();
    if (limit <= 0 || limit >= all.length) {
      return all;
    }
    Seeds.shuffle(all, random);
    int[] some = java.util.Arrays.copyOf(all, limit);
    java.util.Arrays.sort(some);
    return some;
  }

  /** Batches over the given rows in the given order; the last may be smaller. */
  default List<int[]> split(int[] rows, int batchSize) {
    var out = new ArrayList<int[]>();
    for (int from = 0; from < rows.length; from += batchSize) {
      out.add(java.util.Arrays.copyOfRange(rows, from, Math.min(rows.length, from + batchSize)));
    }
    return out;
  }

  /** {@code epochs} passes over the rows, each in a fresh random order, to train on. */
  default Iterable<Batch> shuffled(int[] rows, int batchSize, int epochs, RandomGenerator random) {
    var plan = new ArrayList<int[]>();
    for (int e = 0; e < epochs; e++) {
      int[] order = rows.clone();
      Seeds.shuffle(order, random);
      plan.addAll(split(order, batchSize));
    }
    if (!distorts()) {
      return () -> plan.stream().map(this::batch).iterator();
    }
    long seed = random.nextLong();
    return () ->
        IntStream.range(0, plan.size())
            .mapToObj(i -> batch(plan.get(i), Seeds.seed(seed, i)))
            .iterator();
  }

  /** One pass over the rows in order. */
  default Iterable<Batch> inOrder(int[] rows, int batchSize) {
    return () -> split(rows, batchSize).stream().map(this::batch).iterator();
  }
}
