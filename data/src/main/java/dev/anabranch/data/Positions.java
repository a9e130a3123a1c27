package dev.anabranch.data;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;

/** Where the rows of a shard stand in their source. */
final class Positions {
  private Positions() {}

  /**
   * A copy of them.
   *
   * @param name whose they are, for messages, such as {@code device 7}
   * @throws AnabranchException if there are none
   */
  static int[] of(String name, int[] positions) {
    if (positions.length == 0) {
      throw AnabranchException.expected(
          Failure.DATA,
          "shard of " + name,
          "0 examples",
          "at least one; lower the number of devices or raise the partition's minimum");
    }
    return positions.clone();
  }
}
