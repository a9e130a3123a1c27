package dev.anabranch.data.internal;

import dev.anabranch.core.Check;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * The examples sorted by label, cut into equal shards, so many to each device by lot: McMahan,
 * Moore, Ramage, Hampson and Agüera y Arcas, "Communication-efficient learning of deep networks
 * from decentralized data", 2017, section 3. Sizes of shards differ by at most one.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 * @param each shards of a device, at least 1
 */
public record ShardSplit(String path, int devices, int each) implements Partitioner {
  private static final Knob.Int EACH =
      new Knob.Int("each", 2, 1, 1_000_000, "How many shards a device gets.");

  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "shards",
          List.of("shard"),
          "The examples sorted by label, cut into equal shards, so many to each device by lot.",
          List.of(Deal.DEVICES, EACH),
          s -> new ShardSplit(s.path(), s.integer(Deal.DEVICES), s.integer(EACH)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    Deal.requireEnough(path, devices, each, labels.length);
    long count = (long) devices * each;
    Check.that(count <= Integer.MAX_VALUE, path + ".each", each, "fewer shards");
    int[] byLabel =
        Arrays.stream(Deal.byClass(labels, random)).flatMapToInt(Arrays::stream).toArray();
    var shards = Deal.even(byLabel, (int) count);
    int[] lot = Deal.shuffled((int) count, random);
    List<int[]> parts = new ArrayList<>();
    for (int d = 0; d < devices; d++) {
      int from = d * each;
      parts.add(
          Arrays.stream(lot, from, from + each)
              .flatMap(s -> Arrays.stream(shards.get(s)))
              .sorted()
              .toArray());
    }
    return List.copyOf(parts);
  }
}
