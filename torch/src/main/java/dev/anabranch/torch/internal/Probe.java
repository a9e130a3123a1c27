package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What an operation of a family's model counts and holds at any size. It is found out and not
 * derived: the real operation runs on zeros at the smallest sizes, and what it takes at others
 * follows, because products and tensors of a walk over b samples of t positions, n of them scored,
 * are b times a square polynomial of t, and more for each n. Integers all the way, so that the
 * counts are those of a run to the last one; and whatever a family is made of is in them.
 *
 * <p>Safe to call from any thread but a lane; closing twice is allowed.
 */
public final class Probe implements AutoCloseable {
  /** Samples, and rows that are scored, of the smallest size: sums over one alone make no copy. */
  private static final int FEW = 2;

  /**
   * How large an operation's input is.
   *
   * @param b samples
   * @param t positions of each; of images always the same
   * @param n rows that a language model scores
   */
  record Size(int b, int t, int n) {}

  /** An operation on a model of its own; gives the shape of what it hands on, or none. */
  @FunctionalInterface
  interface Work {
    long[] on(FamilyModel model, Size size);
  }

  /**
   * An operation among all.
   *
   * @param trained segments that are trained; null: as the use says
   * @param name of what is done, with whatever else its costs depend on
   */
  record Key(
      ModelUse use,
      List<Partition.Segment> held,
      @Nullable List<String> trained,
      List<Object> name) {}

  /**
   * What one operation took. Gradients of variables are not in the bytes.
   *
   * @param live bytes at each of its boundaries, above those when it began
   * @param left bytes that stay, above those when it began; negative if it used something up
   * @param gradients names of the variables that have one now
   * @param shape of what it hands on at the smallest size
   */
  record Took(long macs, List<Long> live, long left, Set<String> gradients, long[] shape) {}

  /** As {@link Took}, of one size: multiply-accumulates, what is left, and each boundary. */
  record Seen(long[] counts, Set<String> gradients, long[] shape) {}

  private final FamilyBase base;
  private final Map<Key, Found> found = new HashMap<>();
  private @Nullable LaneThreads lanes;

  /** Takes the base over. */
  public Probe(FamilyBase base) {
    this.base = base;
  }

  FamilyBase base() {
    return base;
  }

  /** What an operation takes at the sizes that were tried, and so at every other. */
  private record Found(int first, int step, Seen[][] seen, Seen more) {
    Took at(Size size) {
      var least = seen[0][0];
      long[] out = new long[least.counts.length];
      for (int i = 0; i < out.length; i++) {
        long one = along(0, i, size.t - first);
        long two = along(1, i, size.t - first);
        out[i] =
            one
                + (size.b - FEW) * (two - one)
                + (size.n - FEW) * (more.counts[i] - least.counts[i]);
      }
      var live = new ArrayList<Long>();
      for (int i = 2; i < out.length; i++) {
        live.add(out[i]);
      }
      return new Took(out[0], live, out[1], least.gradients, least.shape);
    }

    /** Newton's forward differences, whole numbers of whole numbers. */
    private long along(int b, int i, long past) {
      var row = seen[b];
      long value = row[0].counts[i];
      if (step == 0) {
        return value;
      }
      long slope = row[1].counts[i] - value;
      long bend = row[2].counts[i] - 2 * row[1].counts[i] + value;
      return value + past * slope + past * (past - 1) / 2 * bend;
    }
  }

  /**
   * What an operation takes.
   *
   * @param before brings a fresh model to where the operation begins
   * @param least positions from which the operation has its usual form; 0: they are always as many
   */
  synchronized Took took(Key key, Work before, Work work, int least, Size size) {
    var known = found.get(key);
    if (known == null) {
      known = find(key, before, work, least, size);
      found.put(key, known);
    }
    return known.at(size);
  }

  private Found find(Key key, Work before, Work work, int least, Size size) {
    int first = least == 0 ? size.t : least;
    int ts = least == 0 ? 1 : 3;
    var seen = new Seen[2][ts];
    var open = lanes == null ? new LaneThreads(1) : lanes;
    lanes = open;
    return open.run(
            () -> {
              try (var model = base.model(key.use, key.held, 0);
                  var count = Allocations.begin()) {
                if (key.trained != null) {
                  model.train(key.trained.toArray(String[]::new));
                }
                look(model, before, work, new Size(FEW, first, FEW), count); // takes what is kept
                for (int b = 0; b < 2; b++) {
                  for (int t = 0; t < ts; t++) {
                    seen[b][t] =
                        look(model, before, work, new Size(FEW + b, first + t, FEW), count);
                  }
                }
                boolean scores = base.family().languageModel();
                var more =
                    scores
                        ? look(model, before, work, new Size(FEW, first, FEW + 1), count)
                        : seen[0][0];
                return new Found(first, ts - 1, seen, more);
              }
            },
            false)
        .value();
  }

  /** One operation at one size. */
  static Seen look(FamilyModel model, Work before, Work work, Size size, Allocations.Count count) {
    model.forget();
    before.on(model, size);
    var meter = Meter.here();
    var live = new ArrayList<Long>();
    long start = count.live();
    long macs = meter.macs();
    long[] shape;
    meter.listen(() -> live.add(count.live() - start));
    try {
      shape = work.on(model, size);
    } finally {
      meter.listen(() -> {});
    }
    macs = meter.macs() - macs;
    long left = count.live() - start;
    var gradients = model.gradients();
    long bytes = Footprint.bytes(gradients);
    long[] counts = new long[2 + live.size()];
    counts[0] = macs;
    counts[1] = left - bytes;
    for (int i = 0; i < live.size(); i++) {
      counts[2 + i] = live.get(i) - (i == live.size() - 1 ? bytes : 0);
    }
    model.forget();
    var names = new HashSet<String>();
    gradients.stream().map(TensorSpec::name).forEach(names::add);
    return new Seen(counts, Set.copyOf(names), shape);
  }

  /** Whether an input has positions that no attention sees. */
  static boolean padded(Inputs inputs) {
    if (inputs instanceof Inputs.Tokens tokens) {
      for (int length : tokens.lengths()) {
        if (length < tokens.width()) {
          return true;
        }
      }
    }
    return false;
  }

  @Override
  public void close() {
    if (lanes != null) {
      lanes.close();
      lanes = null;
    }
    base.close();
  }
}
