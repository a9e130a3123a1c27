package dev.anabranch.data;

import java.util.List;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Deals examples out to devices. Immutable. */
public interface Partitioner {
  /**
   * Deals.
   *
   * @param labels [n] class of each example, from 0
   * @param owners [n] who owns each example, if known
   * @param random decides everything that is left open: the same stream gives the same split
   * @return for each device the positions of its examples, ascending; no position stands twice, and
   *     no device is empty
   * @throws dev.anabranch.core.AnabranchException if the examples do not suffice
   */
  List<int[]> split(int[] labels, List<@Nullable String> owners, RandomGenerator random);
}
