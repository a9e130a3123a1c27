package dev.anabranch.data.internal;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Label skew: every class is cut over the devices in proportions drawn from a symmetric Dirichlet
 * distribution.
 *
 * <p>Hsu, Qi and Brown, "Measuring the effects of non-identical data distribution for federated
 * visual classification", 2019; with a minimum as in Li, Diao, Chen and He, "Federated learning on
 * non-IID data silos", 2022.
 *
 * <p><i>Differs:</i> a draw in which a device has too few examples is repeated as there, but at
 * most {@value #DRAWS} times, and less often with many devices and classes; then the last draw is
 * mended: the largest device gives the poor one an example of the class it has most of, until the
 * minimum holds. With many devices or a small alpha, repetition alone may never end.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 * @param alpha above 0: small for devices of nearly one class, large for equal devices
 * @param minimum the least number of examples of a device, at least 1
 */
public record DirichletSplit(String path, int devices, double alpha, int minimum)
    implements Partitioner {
  private static final int DRAWS = 1000;

  /** Shares that may be drawn in all: some ten milliseconds of work. */
  private static final long SHARES = 100_000;

  private static final Knob.Real ALPHA =
      new Knob.Real(
          "alpha", 0.5, 1e-6, 1e9, "Concentration: small for devices of nearly one class.");
  private static final Knob.Int MINIMUM =
      new Knob.Int("minimum", 10, 1, 1_000_000, "The least number of examples of a device.");

  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "dirichlet",
          List.of("lda", "hetero"),
          "Label skew: each class is cut in proportions drawn from a Dirichlet distribution.",
          List.of(Deal.DEVICES, ALPHA, MINIMUM),
          s ->
              new DirichletSplit(
                  s.path(), s.integer(Deal.DEVICES), s.real(ALPHA), s.integer(MINIMUM)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    Deal.requireEnough(path, devices, minimum, labels.length);
    int[][] classes = Deal.byClass(labels, random);
    int[][] ends = draw(classes, random);
    long draws = Math.clamp(SHARES / Math.max(1, (long) classes.length * devices), 10, DRAWS);
    for (long i = 1; i < draws && smallest(ends) < minimum; i++) {
      ends = draw(classes, random);
    }
    var parts = cut(classes, ends);
    mend(parts, labels);
    return Deal.sorted(parts);
  }

  /** [class][device]: where the device's share of the class ends. */
  private int[][] draw(int[][] classes, RandomGenerator random) {
    int[][] ends = new int[classes.length][devices];
    for (int c = 0; c < classes.length; c++) {
      double[] share = Dirichlet.draw(devices, alpha, random);
      double upTo = 0;
      for (int d = 0; d < devices; d++) {
        upTo += share[d];
        int end = (int) (upTo * classes[c].length);
        ends[c][d] = d == devices - 1 ? classes[c].length : Math.min(end, classes[c].length);
      }
    }
    return ends;
  }

  private int smallest(int[][] ends) {
    int smallest = Integer.MAX_VALUE;
    for (int d = 0; d < devices; d++) {
      int size = 0;
      for (int[] of : ends) {
        size += of[d] - (d == 0 ? 0 : of[d - 1]);
      }
      smallest = Math.min(smallest, size);
    }
    return smallest;
  }

  private List<List<Integer>> cut(int[][] classes, int[][] ends) {
    List<List<Integer>> parts = new ArrayList<>();
    for (int d = 0; d < devices; d++) {
      List<Integer> part = new ArrayList<>();
      for (int c = 0; c < classes.length; c++) {
        for (int i = d == 0 ? 0 : ends[c][d - 1]; i < ends[c][d]; i++) {
          part.add(classes[c][i]);
        }
      }
      parts.add(part);
    }
    return parts;
  }

  private void mend(List<List<Integer>> parts, int[] labels) {
    for (var poor : parts) {
      while (poor.size() < minimum) {
        var rich = Collections.max(parts, Comparator.comparingInt(List::size));
        poor.add(rich.remove(ofLargestClass(rich, labels)));
      }
    }
  }

  /**
   * The index of the last example of the class that a device has most of; of the lower class in a
   * tie.
   */
  private static int ofLargestClass(List<Integer> part, int[] labels) {
    var last = new TreeMap<Integer, Integer>();
    var counts = new TreeMap<Integer, Integer>();
    for (int i = 0; i < part.size(); i++) {
      int label = labels[part.get(i)];
      counts.merge(label, 1, Integer::sum);
      last.put(label, i);
    }
    int most = Collections.max(counts.values());
    return counts.entrySet().stream()
        .filter(e -> e.getValue() == most)
        .mapToInt(e -> last.getOrDefault(e.getKey(), 0))
        .findFirst()
        .orElseThrow();
  }
}
