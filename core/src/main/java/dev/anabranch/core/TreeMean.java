package dev.anabranch.core;

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
   * A weighted sum. It is computed element by element along the tree, whenever that is: so it may
   * stay a description of what is to be added until that is less than the result.
   *
   * @param held what the numbers are read from, each as large as what one device sent
   */
  private record Sum(Numbers numbers, List<TensorMap> held) {
    /** What a device sent, in float and unweighted. */
    static Sum of(TensorMap update, double weight) {
      var all = update.retained();
      return new Sum(Sweeps.floats(all.data(), weight), List.of(all));
    }

    Sum plus(Sum later) {
      var all = new ArrayList<>(held);
      all.addAll(later.held);
      return new Sum(Sweeps.sum(numbers, later.numbers), all);
    }

    /** The same in doubles: their upper halves in one block, their lower halves in another. */
    Sum computed(List<TensorSpec> specs) {
      if (held.size() <= 2) {
        return this; // it takes no more room as it is
      }
      var own = held.stream().filter(TensorMap::exclusive).limit(2).toList();
      var upper = own.isEmpty() ? TensorMap.room(specs) : own.get(0);
      var lower = own.size() < 2 ? TensorMap.room(specs) : own.get(1);
      Sweeps.compute(numbers, upper.data(), lower.data());
      var out = List.of(upper, lower);
      held.stream().filter(map -> !out.contains(map)).forEach(TensorMap::close);
      return new Sum(Sweeps.doubles(upper.data(), lower.data()), out);
    }

    /** The sum divided by {@code weight}, as floats; ends this sum. */
    TensorMap over(double weight, List<TensorSpec> specs) {
      var out =
          held.stream()
              .filter(TensorMap::exclusive)
              .findFirst()
              .orElseGet(() -> TensorMap.room(specs));
      Sweeps.rounded(numbers, 1 / weight, out.data());
      held.stream().filter(map -> map != out).forEach(TensorMap::close);
      return out;
    }
  }

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
      var sum = bit == ALL ? right.sum : right.sum.computed(right.specs);
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
      return all.sum.over(all.weight, all.specs);
    }
  }
}
