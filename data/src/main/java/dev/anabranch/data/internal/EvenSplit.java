package dev.anabranch.data.internal;

import dev.anabranch.core.Kind;
import dev.anabranch.data.Partitioner;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * Equal shares of the shuffled examples; sizes differ by at most one.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 */
public record EvenSplit(String path, int devices) implements Partitioner {
  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "iid",
          List.of("uniform"),
          "Equal shares of the shuffled examples.",
          List.of(Deal.DEVICES),
          s -> new EvenSplit(s.path(), s.integer(Deal.DEVICES)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    Deal.requireEnough(path, devices, 1, labels.length);
    var parts = Deal.even(Deal.shuffled(labels.length, random), devices);
    parts.forEach(Arrays::sort);
    return List.copyOf(parts);
  }
}
