package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import dev.anabranch.core.internal.Sweeps;
import dev.anabranch.core.internal.Sweeps.Numbers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Weighted mean whose sums follow the binary tree over device indices, in double: whoever adds
 * which run of the devices, the result is the same to the bit. Holds at most two partial sums per
 * level of the tree.
 */
@Folklore("the weighted mean of federated averaging, with a fixed order of summation")
public final class TreeMean implements Aggregator<TensorMap, TensorMap> {
  @Override
  public Fold<TensorMap, TensorMap> start(TensorMap current) {
    return new Tree(current, false);
  }

  /** A fold that no fold of earlier devices comes before: it may join its first parts at once. */
  Fold<TensorMap, TensorMap> startWhole(TensorMap current) {
    return new Tree(current, true);
  }

  /** A subtree: indices [first, last], its weight, its weighted sum. */
  private record Part(int first, int last, List<TensorSpec> specs, Sum sum, double weight) {}

  /**
   * A weighted sum in two halves. It is computed element by element along the tree, whenever that
   * is: so it may stay a description of what is to be added until that is less than the result.
   */
  private record Sum(Numbers front, Numbers back, int devices, List<Held> held) {
    /** What a device sent, in float and unweighted. */
    static Sum of(TensorMap update, double weight) {
      var all = update.retained();
      long cut = cut(all.elements()) * Float.BYTES;
      return new Sum(
          Sweeps.floats(all.data().asSlice(0, cut), weight),
          Sweeps.floats(all.data().asSlice(cut), weight),
          1,
          List.of(new Held(all, false)));
    }

    /** Elements of the front half. */
    static long cut(long elements) {
      return (elements + 1) / 2;
    }

    Sum plus(Sum later) {
      var all = new ArrayList<>(held);
      all.addAll(later.held);
      return new Sum(
          Sweeps.sum(front, later.front),
          Sweeps.sum(back, later.back),
          devices + later.devices,
          all);
    }

    /**
     * The same in doubles, whose two blocks are each as large as what one device sent: the block of
     * the one serves for the other. Those of a sum that goes into it are used again.
     */
    Sum computed() {
      if (devices <= 2) {
        return this; // two devices' floats are as large as their sum
      }
      var blocks = new ArrayList<>(held.stream().filter(Held::sums).map(Held::memory).toList());
      if (blocks.isEmpty()) {
        blocks.add(OffHeap.room(front.size() * Double.BYTES));
        blocks.add(OffHeap.room(back.size() * Double.BYTES));
      }
      var out = List.of((OffHeap) blocks.get(0), (OffHeap) blocks.get(1));
      Sweeps.compute(front, out.get(0).segment());
      Sweeps.compute(back, out.get(1).segment());
      held.stream().map(Held::memory).filter(m -> !out.contains(m)).forEach(Sum::close);
      return new Sum(
          Sweeps.doubles(out.get(0).segment()),
          Sweeps.doubles(out.get(1).segment()),
          devices,
          out.stream().map(m -> new Held(m, true)).toList());
    }

    void close() {
      held.forEach(h -> close(h.memory));
    }

    private static void close(AutoCloseable memory) {
      try {
        memory.close();
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Memory that a sum reads.
   *
   * @param sums whether it is the first or second half of doubles, else a device's floats
   */
  private record Held(AutoCloseable memory, boolean sums) {}

  private static final class Tree implements Fold<TensorMap, TensorMap> {
    /** Above every bit of an index. */
    private static final int ALL = Integer.MIN_VALUE;

    private final TensorMap current;
    private final boolean whole;
    private final ArrayDeque<Part> parts = new ArrayDeque<>();

    /** No device before this one can come: the first that was added, and 0 when all are there. */
    private int earliest;

    Tree(TensorMap current, boolean whole) {
      this.current = current;
      this.whole = whole;
    }

    @Override
    public void add(NodeId from, TensorMap update, double weight) {
      var sum = Sum.of(update, weight);
      push(new Part(from.index(), from.index(), update.specs(), sum, weight));
    }

    private void push(Part next) {
      var last = parts.peekLast();
      if (last != null) {
        if (next.first <= last.last) {
          throw new IllegalArgumentException(
              "device: " + next.first + " (expected: above " + last.last + ")");
        }
        if (!next.specs.equals(last.specs)) {
          throw new IllegalArgumentException(
              "update of device "
                  + next.first
                  + ": "
                  + next.specs
                  + " (expected: "
                  + last.specs
                  + ")");
        }
        collapse(Integer.highestOneBit(last.last ^ next.first));
      } else {
        earliest = whole ? 0 : next.first;
      }
      parts.addLast(next);
    }

    /**
     * Joins the parts at the end that meet below the given bit: no later device can fall between
     * them. A subtree that begins before the earliest device waits, for an earlier fold may hold
     * some of it.
     */
    private void collapse(int bit) {
      if (parts.size() < 2) {
        return;
      }
      var right = parts.removeLast();
      while (!parts.isEmpty()) {
        var left = parts.removeLast();
        int meet = Integer.highestOneBit(left.last ^ right.first);
        int begin = left.first & -(meet << 1);
        if (Integer.compareUnsigned(meet, bit) >= 0 || begin < earliest) {
          parts.addLast(left);
          break;
        }
        double weight = left.weight + right.weight;
        right = new Part(left.first, right.last, left.specs, left.sum.plus(right.sum), weight);
      }
      var sum = bit == ALL ? right.sum : right.sum.computed();
      parts.addLast(new Part(right.first, right.last, right.specs, sum, right.weight));
    }

    @Override
    public Fold<TensorMap, TensorMap> merge(Fold<TensorMap, TensorMap> next) {
      ((Tree) next).parts.forEach(this::push);
      return this;
    }

    @Override
    public TensorMap finish() {
      var waiting = List.copyOf(parts);
      parts.clear();
      waiting.forEach(part -> {
        push(part);
        earliest = 0;
      });
      collapse(ALL);
      @Nullable Part all = parts.pollLast();
      if (all == null || all.weight == 0) {
        return current;
      }
      var out = TensorMap.room(all.specs);
      long cut = Sum.cut(out.elements()) * Float.BYTES;
      Sweeps.rounded(all.sum.front, 1 / all.weight, out.data().asSlice(0, cut));
      Sweeps.rounded(all.sum.back, 1 / all.weight, out.data().asSlice(cut));
      all.sum.close();
      return out;
    }
  }
}
