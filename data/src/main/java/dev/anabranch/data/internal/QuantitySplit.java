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
 * Quantity skew without label skew: the number of a device's examples is uniform in {@code [least,
 * most]}, the examples are drawn without replacement. Examples that no device takes are left out.
 *
 * <p><i>Differs:</i> if the devices ask for more than there is, what they ask for beyond {@code
 * least} is scaled down in proportion.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 * @param least examples of a device, at least 1
 * @param most examples of a device, at least {@code least}
 */
public record QuantitySplit(String path, int devices, int least, int most) implements Partitioner {
  private static final Knob.Int LEAST =
      new Knob.Int("least", 10, 1, 1_000_000_000, "The fewest examples of a device.");
  private static final Knob.Int MOST =
      new Knob.Int("most", 100, 1, 1_000_000_000, "The most examples of a device.");

  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "quantity",
          List.of("quantity-skew", "size"),
          "Quantity skew: sizes uniform between two bounds, no label skew.",
          List.of(Deal.DEVICES, LEAST, MOST),
          s ->
              new QuantitySplit(
                  s.path(), s.integer(Deal.DEVICES), s.integer(LEAST), s.integer(MOST)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    Check.that(most >= least, path + ".most", most, "at least " + least + ", the least");
    Deal.requireEnough(path, devices, least, labels.length);
    int[] all = Deal.shuffled(labels.length, random);
    long[] extra = new long[devices];
    for (int d = 0; d < devices; d++) {
      extra[d] = random.nextLong((long) most - least + 1);
    }
    long asked = Arrays.stream(extra).sum();
    long spare = labels.length - (long) devices * least;
    List<int[]> parts = new ArrayList<>();
    int from = 0;
    for (int d = 0; d < devices; d++) {
      long more = asked <= spare ? extra[d] : extra[d] * spare / asked;
      int to = from + least + Math.toIntExact(more);
      parts.add(Arrays.stream(all, from, to).sorted().toArray());
      from = to;
    }
    return List.copyOf(parts);
  }
}
