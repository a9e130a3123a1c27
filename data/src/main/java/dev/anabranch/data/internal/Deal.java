package dev.anabranch.data.internal;

import dev.anabranch.core.Check;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Seeds;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/** What partitioners have in common. */
final class Deal {
  static final Knob.Int DEVICES =
      new Knob.Int("devices", 10, 1, 1_000_000, "The number of devices.");

  private Deal() {}

  /** Throws unless {@code each} examples for every device exist. */
  static void requireEnough(String path, int devices, int each, int examples) {
    Check.that(
        (long) devices * each <= examples,
        path + ".devices",
        devices,
        "at most "
            + examples / each
            + ": there are "
            + examples
            + " training examples, and a device needs "
            + (each == 1 ? "one" : each));
  }

  /** The positions of each class, in random order. */
  static int[][] byClass(int[] labels, RandomGenerator random) {
    int classes = Arrays.stream(labels).max().orElse(-1) + 1;
    int[][] out = new int[classes][];
    for (int c = 0; c < classes; c++) {
      int wanted = c;
      out[c] = IntStream.range(0, labels.length).filter(i -> labels[i] == wanted).toArray();
      Seeds.shuffle(out[c], random);
    }
    return out;
  }

  /** All positions in random order. */
  static int[] shuffled(int examples, RandomGenerator random) {
    int[] all = IntStream.range(0, examples).toArray();
    Seeds.shuffle(all, random);
    return all;
  }

  /** Consecutive parts whose sizes differ by at most one, larger ones first. */
  static List<int[]> even(int[] positions, int parts) {
    var out = new ArrayList<int[]>();
    int from = 0;
    for (int p = 0; p < parts; p++) {
      int size = positions.length / parts + (p < positions.length % parts ? 1 : 0);
      out.add(Arrays.copyOfRange(positions, from, from + size));
      from += size;
    }
    return out;
  }

  /** Each device's positions, ascending. */
  static List<int[]> sorted(List<? extends List<Integer>> devices) {
    return devices.stream()
        .map(d -> d.stream().mapToInt(Integer::intValue).sorted().toArray())
        .toList();
  }
}
