package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Seeds;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.random.RandomGenerator;
import java.util.stream.IntStream;

/**
 * Which examples of a shard go on: the share with the highest scores, floor(keepFraction · n) but
 * at least one. Ties go to the lower index, NaN counts as the highest score.
 *
 * <p>Differs from the paper by two options that are off by default: a floor for each class, and
 * leaving out the highest scores, which are often wrong labels.
 *
 * @param keepFraction share of the examples that is kept, above 0 to 1
 * @param classFloor of each class, at least so many (or all it has) are taken first, highest scores
 *     first, as far as there is room; 0: no floor
 * @param dropTop share of the examples, floor(dropTop · n), that is left out for its highest
 *     scores; 0 to below 1
 */
@Paper(
    title = "Deep Learning on a Data Diet: Finding Important Examples Early in Training",
    url = "https://arxiv.org/abs/2107.07075")
public record Keep(double keepFraction, int classFloor, double dropTop) {
  public Keep {
    Check.that(keepFraction > 0 && keepFraction <= 1, "keepFraction", keepFraction, "above 0 to 1");
    Check.that(classFloor >= 0, "classFloor", classFloor, "at least 0");
    Check.that(dropTop >= 0 && dropTop < 1, "dropTop", dropTop, "0 to below 1");
  }

  /** The highest scores alone. */
  public Keep(double keepFraction) {
    this(keepFraction, 0, 0);
  }

  /** How many of n examples are kept, before any is left out by {@code dropTop}. */
  public int count(int n) {
    return n == 0 ? 0 : Math.max(1, Blocks.floor(keepFraction, n));
  }

  /**
   * The kept positions.
   *
   * @param scores [n], such as {@link El2n}
   * @param labels [n] class indices; read only if there is a class floor
   * @return positions within {@code scores} in ascending order, each once
   */
  public int[] highest(float[] scores, int[] labels) {
    int n = scores.length;
    if (labels.length != n) {
      throw new IllegalArgumentException("labels: " + labels.length + " (expected: " + n + ")");
    }
    int[] ranked =
        IntStream.range(0, n)
            .boxed()
            .sorted(Comparator.comparing((Integer i) -> scores[i], Comparator.reverseOrder()))
            .mapToInt(Integer::intValue)
            .toArray();
    int dropped = Math.min(Blocks.floor(dropTop, n), Math.max(0, n - 1));
    ranked = Arrays.copyOfRange(ranked, dropped, n);
    int k = Math.min(count(n), ranked.length);
    boolean[] taken = new boolean[n];
    int size = classFloor == 0 ? 0 : takeFloors(ranked, labels, k, taken);
    for (int i = 0; i < ranked.length && size < k; i++) {
      if (!taken[ranked[i]]) {
        taken[ranked[i]] = true;
        size++;
      }
    }
    return IntStream.range(0, n).filter(i -> taken[i]).toArray();
  }

  private int takeFloors(int[] ranked, int[] labels, int k, boolean[] taken) {
    var ofClass = new HashMap<Integer, Integer>();
    int size = 0;
    for (int i : ranked) {
      if (size < k && ofClass.merge(labels[i], 1, Integer::sum) <= classFloor) {
        taken[i] = true;
        size++;
      }
    }
    return size;
  }

  /**
   * As many positions as {@link #highest} would keep, drawn without replacement: the reference that
   * a score has to beat.
   *
   * @return positions in ascending order, each once
   */
  public int[] random(int n, RandomGenerator random) {
    int[] order = IntStream.range(0, n).toArray();
    Seeds.shuffle(order, random);
    int dropped = Math.min(Blocks.floor(dropTop, n), Math.max(0, n - 1));
    int[] some = Arrays.copyOf(order, Math.min(count(n), n - dropped));
    Arrays.sort(some);
    return some;
  }
}
