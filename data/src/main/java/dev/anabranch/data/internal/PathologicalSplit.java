package dev.anabranch.data.internal;

import dev.anabranch.core.Check;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Seeds;
import dev.anabranch.data.Partitioner;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Every device has exactly k classes: it takes the k classes that fewest devices have so far, by
 * lot among equals, and the devices of a class share its examples equally.
 *
 * @param path where the settings stand in the plan
 * @param devices at least 1
 * @param classes k
 */
public record PathologicalSplit(String path, int devices, int classes) implements Partitioner {
  private static final Knob.Int CLASSES =
      new Knob.Int("classes", 2, 1, 1_000_000, "How many classes a device has.");

  public static final Kind<Partitioner> KIND =
      new Kind<>(
          "pathological",
          List.of("classes"),
          "Every device has exactly so many classes; the devices of a class share it equally.",
          List.of(Deal.DEVICES, CLASSES),
          s -> new PathologicalSplit(s.path(), s.integer(Deal.DEVICES), s.integer(CLASSES)));

  @Override
  public List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random) {
    int[][] examples = Deal.byClass(labels, random);
    int[] present =
        IntStream.range(0, examples.length).filter(c -> examples[c].length > 0).toArray();
    Check.that(
        classes <= present.length,
        path + ".classes",
        classes,
        "at most " + present.length + ", the number of classes of the training examples");
    Check.that(
        (long) devices * classes >= present.length,
        path + ".devices",
        devices,
        "at least " + Math.ceilDiv(present.length, classes) + ", so that every class has a device");
    List<List<Integer>> holders = assign(present, examples.length, random);
    List<List<Integer>> parts = new ArrayList<>();
    for (int d = 0; d < devices; d++) {
      parts.add(new ArrayList<>());
    }
    for (int c : present) {
      var of = holders.get(c);
      Check.that(
          of.size() <= examples[c].length,
          path + ".devices",
          devices,
          "fewer: "
              + of.size()
              + " devices share class "
              + c
              + ", which has "
              + examples[c].length
              + " training examples");
      var shares = Deal.even(examples[c], of.size());
      for (int i = 0; i < of.size(); i++) {
        Arrays.stream(shares.get(i)).forEach(parts.get(of.get(i))::add);
      }
    }
    return Deal.sorted(parts);
  }

  /** The devices of each class. */
  private List<List<Integer>> assign(int[] present, int classCount, RandomGenerator random) {
    List<List<Integer>> holders = new ArrayList<>();
    for (int c = 0; c < classCount; c++) {
      holders.add(new ArrayList<>());
    }
    for (int d = 0; d < devices; d++) {
      int[] lot = present.clone();
      Seeds.shuffle(lot, random);
      int device = d;
      Arrays.stream(lot)
          .boxed()
          .sorted(Comparator.comparingInt(c -> holders.get(c).size()))
          .limit(classes)
          .forEach(c -> holders.get(c).add(device));
    }
    return holders;
  }
}
