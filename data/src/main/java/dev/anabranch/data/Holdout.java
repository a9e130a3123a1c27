package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Check;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Seeds;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which examples train and which ones measure.
 *
 * @param train positions in the source, ascending
 * @param holdout positions in the source, ascending; no position of {@code train}
 */
public record Holdout(int[] train, int[] holdout) {
  /**
   * Holds the same share of every class out, to the nearest whole example; every class keeps at
   * least one training example.
   *
   * @param share from 0 to below 1
   * @throws AnabranchException if the share is out of range, or too small for a single example
   */
  public static Holdout stratified(Examples examples, double share, long seed) {
    Check.that(share >= 0 && share < 1, "data.holdout", share, "0 to below 1");
    var random = Seeds.stream(seed, "holdout");
    int[] labels = examples.labels();
    boolean[] out = new boolean[labels.length];
    if (examples.reserved().length > 0) {
      for (int i : examples.reserved()) {
        out[i] = true;
      }
      return new Holdout(where(out, false), where(out, true));
    }
    for (int c = 0; c < examples.classes().size(); c++) {
      int wanted = c;
      int[] of = IntStream.range(0, labels.length).filter(i -> labels[i] == wanted).toArray();
      Seeds.shuffle(of, random);
      long n = Math.min(Math.round(share * of.length), of.length - 1L);
      for (int i = 0; i < n; i++) {
        out[of[i]] = true;
      }
    }
    var split = new Holdout(where(out, false), where(out, true));
    Check.that(
        share == 0 || split.holdout.length > 0,
        "data.holdout",
        share,
        "a share that gives at least one of " + examples.size() + " examples");
    return split;
  }

  private static int[] where(boolean[] flags, boolean value) {
    return IntStream.range(0, flags.length).filter(i -> flags[i] == value).toArray();
  }

  /**
   * Throws unless every label of the hold-out also stands on some device.
   *
   * @param devices positions in the source of each device's examples
   */
  public void requireLabelsIn(Examples examples, List<int[]> devices) {
    var seen =
        devices.stream()
            .flatMapToInt(Arrays::stream)
            .mapToObj(examples::label)
            .collect(Collectors.toSet());
    for (int i : holdout) {
      int label = examples.label(i);
      if (!seen.contains(label)) {
        throw AnabranchException.expected(
            Failure.DATA,
            "label of hold-out example " + i,
            examples.classes().get(label),
            "a label that some device trains on: "
                + seen.stream()
                    .sorted()
                    .map(examples.classes()::get)
                    .collect(Collectors.joining(", ")));
      }
    }
  }

  /**
   * The positions in the source of devices' examples, given their positions in {@link #train()}.
   */
  public List<int[]> inCorpus(List<int[]> devices) {
    return devices.stream().map(d -> Arrays.stream(d).map(i -> train[i]).toArray()).toList();
  }
}
