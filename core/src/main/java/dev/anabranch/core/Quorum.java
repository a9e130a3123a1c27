package dev.anabranch.core;

/**
 * How many replies a round needs.
 *
 * @param minimum at least this many sound replies
 */
public record Quorum(int minimum) {
  public Quorum {
    Check.that(minimum >= 1, "quorum", minimum, "at least 1");
  }

  /**
   * @throws AnabranchException of kind {@link Failure#QUORUM} if there are too few
   */
  public void require(int round, int replies, String lost) {
    if (replies < minimum) {
      throw new AnabranchException(
          Failure.QUORUM,
          "quorum of round "
              + round
              + ": "
              + replies
              + " replies (expected: at least "
              + minimum
              + "); lost: "
              + lost
              + (round == 0
                  ? "; no round is done yet: lower the quorum or invite more devices, and run again"
                  : "; the last checkpoint stands, resume the run or lower the quorum"));
    }
  }
}
