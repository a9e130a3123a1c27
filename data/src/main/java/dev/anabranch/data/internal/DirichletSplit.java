package dev.anabranch.data.internal;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
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
 * most {@value #DRAWS} times; then the last draw is mended: the largest device gives the smallest
 * one an example of the class it has most of, until the minimum holds. With many devices or a small
 * alpha, repetition alone may never end.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 * @param alpha above 0: small for devices of nearly one class, large for equal devices
 * @param minimum the least number of examples of a device, at least 1
 */
public record DirichletSplit(String path, int devices, double alpha, int minimum)
    implements Partitioner {
  private static final int DRAWS = 100;
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
    var parts = draw(labels, random);
    for (int i = 1; i < DRAWS && smallest(parts) < minimum; i++) {
      parts = draw(labels, random);
    }
    mend(parts, labels);
    return Deal.sorted(parts);
  }

  private List<List<Integer>> draw(int[] labels, RandomGenerator random) {
    List<List<Integer>> parts = new ArrayList<>();
    for (int d = 0; d < devices; d++) {
      parts.add(new ArrayList<>());
    }
    for (int[] positions : Deal.byClass(labels, random)) {
      double[] share = Dirichlet.draw(devices, alpha, random);
      double upTo = 0;
      int from = 0;
      for (int d = 0; d < devices; d++) {
        upTo += share[d];
        int to = d == devices - 1 ? positions.length : (int) (upTo * positions.length);
        for (to = Math.clamp(to, from, positions.length); from < to; from++) {
          parts.get(d).add(positions[from]);
        }
      }
    }
    return parts;
  }

  private static int smallest(List<List<Integer>> parts) {
    return parts.stream().mapToInt(List::size).min().orElseThrow();
  }

  private void mend(List<List<Integer>> parts, int[] labels) {
    for (var poor : parts) {
      while (poor.size() < minimum) {
        var rich = Collections.max(parts, (a, b) -> Integer.compare(a.size(), b.size()));
        poor.add(rich.remove(rich.lastIndexOf(ofLargestClass(rich, labels))));
      }
    }
  }

  /** The last position of the class that a device has most of; the lower class of two. */
  private static Integer ofLargestClass(List<Integer> part, int[] labels) {
    var counts = new java.util.TreeMap<Integer, Integer>();
    for (int i : part) {
      counts.merge(labels[i], 1, Integer::sum);
    }
    int most = Collections.max(counts.values());
    for (int i : part.reversed()) {
      if (counts.getOrDefault(labels[i], 0) == most) {
        return i;
      }
    }
    throw new IllegalStateException("an empty device");
  }
}
