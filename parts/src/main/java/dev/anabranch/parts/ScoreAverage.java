package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Memory;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.Map;

/**
 * The exponential moving average of scores over rounds, one value a row: a_0 = s_0, a_r = (1 −
 * weight) a_(r−1) + weight s_r. One network's scores are noisy; the mean over rounds stands in for
 * the mean over networks.
 *
 * @param weight of the newest scores, above 0 to 1; 1 keeps no past
 */
@Folklore("exponential moving average")
public record ScoreAverage(double weight) {
  private static final String KEY = "scores";

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

  /** One step whose past is kept in a device's memory under {@code scores}. */
  public float[] next(Memory memory, float[] scores) {
    float[] past = memory.get(KEY).map(m -> m.get(KEY).toArray()).orElse(new float[0]);
    float[] out = next(past, scores);
    memory.put(KEY, TensorMap.of(Map.of(KEY, Tensor.of(out, out.length))));
    return out;
  }
}
