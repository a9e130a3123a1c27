package dev.anabranch.data.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Corpus;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The partition that comes with the data: one device for each owner that the source names, in the
 * order of their names (numbers by value). Owners with too few examples are left out.
 *
 * @param path where the settings stand in the plan
 * @param minimum the least number of examples of a device, at least 1
 */
public record NaturalSplit(String path, int minimum) implements Partitioner {
  private static final Knob.Int MINIMUM =
      new Knob.Int("minimum", 1, 1, 1_000_000, "Owners with fewer examples are left out.");

  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "natural",
          List.of("natural-id", "meta"),
          "One device for each owner that the source names (its device column).",
          List.of(MINIMUM),
          s -> new NaturalSplit(s.path(), s.integer(MINIMUM)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    var devices = new TreeMap<String, List<Integer>>(Corpus.BY_NAME);
    for (int i = 0; i < owners.size(); i++) {
      var owner = owners.get(i);
      if (owner == null) {
        throw AnabranchException.expected(
            Failure.DATA,
            "device of training example " + i,
            "none",
            "a source that names the owner of every example, such as file: {device: author}");
      }
      devices.computeIfAbsent(owner, o -> new ArrayList<>()).add(i);
    }
    int largest = devices.values().stream().mapToInt(List::size).max().orElse(0);
    if (largest < minimum) {
      throw AnabranchException.expected(
          Failure.PLAN,
          path + ".minimum",
          minimum,
          "at most " + largest + ", the number of examples of the largest owner");
    }
    return Deal.sorted(devices.values().stream().filter(d -> d.size() >= minimum).toList());
  }
}
