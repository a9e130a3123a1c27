package dev.anabranch.core;

import dev.anabranch.core.internal.OffHeap;
import dev.anabranch.core.internal.Sweeps;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
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

  /**
   * A subtree: indices [first, last], its values, its weight. A single device's values are kept as
   * they came, in float and unweighted; joined ones are weighted sums in double.
   */
  private record Part(
      int first, int last, List<TensorSpec> specs, Values values, boolean single, double weight) {
    Sweeps.Terms terms(int half) {
      return new Sweeps.Terms(values.half(half), single, weight);
    }
  }

  /**
   * Numbers in two halves. Each half of the sums is as large as all of a device's floats, so that
   * the block of the one serves for the other.
   */
  private record Values(
      MemorySegment front, MemorySegment back, List<? extends AutoCloseable> held) {
    static Values of(TensorMap update) {
      var all = update.retained();
      long cut = front(all.elements()) * Float.BYTES;
      return new Values(all.data().asSlice(0, cut), all.data().asSlice(cut), List.of(all));
    }

    /** For the sums of as many numbers as in a device's values. */
    static Values sums(Values floats) {
      var front = OffHeap.room(floats.front.byteSize() * 2);
      var back = OffHeap.room(floats.back.byteSize() * 2);
      return new Values(front.segment(), back.segment(), List.of(front, back));
    }

    private static long front(long elements) {
      return (elements + 1) / 2;
    }

    MemorySegment half(int which) {
      return which == 0 ? front : back;
    }

    void close() {
      for (var memory : held) {
        try {
          memory.close();
        } catch (Exception e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private static final class Tree implements Fold<TensorMap, TensorMap> {
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
      push(new Part(from.index(), from.index(), update.specs(), Values.of(update), true, weight));
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
      while (parts.size() > 1) {
        var right = parts.removeLast();
        var left = parts.removeLast();
        int meet = Integer.highestOneBit(left.last ^ right.first);
        int begin = left.first & -(meet << 1);
        if (Integer.compareUnsigned(meet, bit) >= 0 || begin < earliest) {
          parts.addLast(left);
          parts.addLast(right);
          return;
        }
        parts.addLast(join(left, right));
      }
    }

    private static Part join(Part left, Part right) {
      var sums =
          !left.single ? left.values : right.single ? Values.sums(left.values) : right.values;
      for (int half = 0; half < 2; half++) {
        Sweeps.sum(left.terms(half), right.terms(half), sums.half(half));
      }
      for (var part : List.of(left, right)) {
        if (!part.values.equals(sums)) {
          part.values.close();
        }
      }
      return new Part(left.first, right.last, left.specs, sums, false, left.weight + right.weight);
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
      collapse(Integer.MIN_VALUE);
      @Nullable Part all = parts.pollLast();
      if (all == null || all.weight == 0) {
        return current;
      }
      var out = TensorMap.room(all.specs);
      long cut = Values.front(out.elements()) * Float.BYTES;
      Sweeps.rounded(all.terms(0), 1 / all.weight, out.data().asSlice(0, cut));
      Sweeps.rounded(all.terms(1), 1 / all.weight, out.data().asSlice(cut));
      all.values.close();
      return out;
    }
  }
}
