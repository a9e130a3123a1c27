package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Folklore;

/**
 * The exponential moving average of scores over rounds, one value a row: a_0 = s_0, a_r = (1 −
 * weight) a_(r−1) + weight s_r. One network's scores are noisy; the mean over rounds stands in for
 * the mean over networks.
 *
 * @param weight of the newest scores, above 0 to 1; 1 keeps no past
 */
@Folklore("exponential moving average")
public record ScoreAverage(double weight) {
  public ScoreAverage {
    Check.that(weight > 0 && weight <= 1, "scoreWeight", weight, "above 0 to 1");
  }

  /**
   * One step.
   *
   * @param average [n] so far; of another length, such as empty: the average starts again
   * @param scores [n] of this round
   * @return [n]
   */
  public float[] next(float[] average, float[] scores) {
    float[] out = scores.clone();
    if (average.length == scores.length) {
      for (int i = 0; i < out.length; i++) {
        // Written so that equal scores stay equal to the bit.
        out[i] = (float) (average[i] + weight * ((double) scores[i] - average[i]));
      }
    }
    return out;
  }
}
