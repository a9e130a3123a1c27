package dev.anabranch.data.internal;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A long tail of classes: class c of C keeps {@code floor(n * factor^(c / (C - 1)))} examples,
 * drawn by lot, where n is the size of the largest class; then another partitioner deals out what
 * is left. Cao, Wei, Gaidon, Arechiga and Ma, "Learning imbalanced datasets with
 * label-distribution-aware margin loss", 2019, section 4.
 *
 * <p><i>Differs:</i> a class keeps at least one example, and all of them if it has fewer than its
 * count: the source need not be balanced.
 *
 * @param factor size of the last class by that of the first one, above 0 and at most 1
 * @param then deals out what is left
 */
public record LongTailSplit(double factor, Partitioner then) implements Partitioner {
  private static final Knob.Real FACTOR =
      new Knob.Real("factor", 0.01, 1e-6, 1, "Size of the last class by that of the first one.");

  /** The kind, given what can deal out the rest. */
  public static Kind<Partitioner> kind(List<Kind<Partitioner>> others) {
    var then = new Knob.OneOf("then", "iid", others, "Deals out what is left.");
    return new Kind<>(
        "long-tail",
        List.of("longtail"),
        "Class sizes fall geometrically; then another partitioner deals out what is left.",
        List.of(FACTOR, then),
        s -> new LongTailSplit(s.real(FACTOR), s.make(then, Partitioner.class)));
  }

  /** How many examples each class keeps if it has that many. */
  static int[] counts(int largest, int classes, double factor) {
    return IntStream.range(0, classes)
        .map(c -> {
          double power = classes == 1 ? 0 : (double) c / (classes - 1);
          return Math.max(1, (int) (largest * StrictMath.pow(factor, power)));
        })
        .toArray();
  }

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    int[][] classes = Deal.byClass(labels, random);
    int largest = Arrays.stream(classes).mapToInt(c -> c.length).max().orElse(0);
    int[] counts = counts(largest, classes.length, factor);
    int[] kept =
        IntStream.range(0, classes.length)
            .flatMap(c -> Arrays.stream(classes[c]).limit(counts[c]))
            .sorted()
            .toArray();
    int[] keptLabels = Arrays.stream(kept).map(i -> labels[i]).toArray();
    List<@Nullable String> keptOwners = new ArrayList<>();
    for (int i : kept) {
      keptOwners.add(owners.get(i));
    }
    return then.split(keptLabels, keptOwners, random).stream()
        .map(part -> Arrays.stream(part).map(i -> kept[i]).toArray())
        .toList();
  }
}
