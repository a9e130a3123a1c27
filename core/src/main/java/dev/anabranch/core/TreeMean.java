package dev.anabranch.core;

import dev.anabranch.core.internal.Sweeps;
import dev.anabranch.core.internal.Sweeps.Numbers;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Weighted mean whose sums follow the binary tree over device indices, in double: whoever adds
 * which run of the devices, the result is the same to the bit. Holds at most two partial sums per
 * level of the tree, in memory up to a budget and beyond it in files without a name. Of what lies
 * in files, updates as well, a window of each is in memory at a time.
 */
@Folklore("the weighted mean of federated averaging, with a fixed order of summation")
public final class TreeMean implements Aggregator<TensorMap, TensorMap> {
  private static final long BUDGET = 1L << 30;

  private final Room room;

  /** Up to 1 GiB in memory. */
  public TreeMean() {
    this(BUDGET, null);
  }

  /**
   * @param budget bytes of updates and sums that are held in memory
   * @param folder for files; null: where temporary files are
   */
  public TreeMean(long budget, @Nullable Path folder) {
    room = new Room(budget, folder);
  }

  @Override
  public Fold<TensorMap, TensorMap> start(TensorMap current) {
    return new Tree(current, false, room);
  }

  /** A fold that no fold of earlier devices comes before: it may join its first parts at once. */
  Fold<TensorMap, TensorMap> startWhole(TensorMap current) {
    return new Tree(current, true, room);
  }

  /** Where sums come to lie. */
  private record Room(long budget, @Nullable Path folder) {
    TensorMap place(List<TensorSpec> specs, boolean inMemory) {
      return inMemory ? TensorMap.room(specs) : inFile(specs);
    }

    TensorMap inFile(List<TensorSpec> specs) {
      try {
        return TensorMap.inFile(specs, folder);
      } catch (IOException e) {
        throw new AnabranchException(
            Failure.STORAGE,
            "sum of updates: "
                + e.getMessage()
                + " (expected: room for files "
                + (folder == null ? "where temporary files are" : "in " + folder)
                + "); make room, then resume the run",
            e);
      }
    }
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
    /** Files that are read side by side rather than added up into another one. */
    private static final int FILES = 8;

    /** What a device sent, in float and unweighted. */
    static Sum of(TensorMap update, double weight) {
      return new Sum(Sweeps.floats(update.data(), weight), List.of(update));
    }

    Sum plus(Sum later) {
      var all = new ArrayList<>(held);
      all.addAll(later.held);
      return new Sum(Sweeps.sum(numbers, later.numbers), all);
    }

    /** Bytes in memory. */
    long bytes() {
      return held.stream()
          .filter(TensorMap::inMemory)
          .mapToLong(map -> map.data().byteSize())
          .sum();
    }

    /**
     * The same in doubles: their upper halves in one block, their lower halves in another.
     *
     * @param spare bytes of memory that it may take
     */
    Sum computed(List<TensorSpec> specs, long spare, Room room) {
      boolean files = held.stream().noneMatch(TensorMap::inMemory);
      if (held.size() <= (files ? FILES : 2)) {
        return this; // it takes no more room as it is
      }
      var own = held.stream().filter(TensorMap::exclusive).limit(2).toList();
      boolean fits = 2 * held.getFirst().data().byteSize() <= spare;
      var upper = own.isEmpty() ? room.place(specs, fits) : own.get(0);
      var lower = own.size() < 2 ? room.place(specs, fits) : own.get(1);
      Sweeps.compute(numbers, upper.data(), lower.data());
      var out = List.of(upper, lower);
      held.stream().filter(map -> !out.contains(map)).forEach(TensorMap::close);
      return new Sum(Sweeps.doubles(upper.data(), lower.data()), out);
    }

    /** The sum divided by {@code weight}, as floats; ends this sum. */
    TensorMap over(double weight, List<TensorSpec> specs, long spare, Room room) {
      boolean fits = held.getFirst().data().byteSize() <= spare;
      var out =
          held.stream()
              .filter(map -> map.exclusive() && (map.inMemory() || !fits))
              .findFirst()
              .orElseGet(() -> room.place(specs, fits));
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
    private final Room room;
    private final ArrayDeque<Part> parts = new ArrayDeque<>();

    /** No device before this one can come: the first that was added, and 0 when all are there. */
    private int earliest;

    Tree(TensorMap current, boolean whole, Room room) {
      this.current = current;
      this.whole = whole;
      this.room = room;
    }

    @Override
    public void add(NodeId from, TensorMap update, double weight) {
      var sum = Sum.of(kept(update), weight);
      push(new Part(from.index(), from.index(), update.specs(), sum, weight));
    }

    private TensorMap kept(TensorMap update) {
      if (!update.inMemory() || update.data().byteSize() <= spare()) {
        return update.retained();
      }
      var copy = room.inFile(update.specs());
      Sweeps.scale(update.data(), 1, copy.data());
      return copy;
    }

    /** Bytes of the budget that no part takes. */
    private long spare() {
      return room.budget - parts.stream().mapToLong(part -> part.sum.bytes()).sum();
    }

    private void push(Part next) {
      var last = parts.peekLast();
      if (last != null) {
        if (next.first <= last.last) {
          throw new IllegalArgumentException(
              "device: " + next.first + " (expected: above " + last.last + ")");
        }
        if (!next.specs.equals(last.specs)) {
          throw new WireException(
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
      var sum = bit == ALL ? right.sum : right.sum.computed(right.specs, spare(), room);
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
      return all.sum.over(all.weight, all.specs, spare(), room);
    }
  }
}
