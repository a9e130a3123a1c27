package dev.anabranch.core;

import java.util.Arrays;
import java.util.random.RandomGenerator;

/**
 * How the next token is chosen from scores.
 *
 * @param temperature divides the scores; 0: always the likeliest, the first of equals
 * @param topP tokens are drawn from the smallest set of likeliest ones that has this share of the
 *     probability, above 0 to 1 (The Curious Case of Neural Text Degeneration, arXiv 1904.09751)
 */
public record Sampling(double temperature, double topP) {
  /** Always the likeliest token. */
  public static final Sampling GREEDY = new Sampling(0, 1);

  public Sampling {
    Check.that(temperature >= 0 && temperature <= 1e6, "temperature", temperature, "0 to 1e6");
    Check.that(topP > 0 && topP <= 1, "topP", topP, "above 0 to 1");
  }

  /**
   * One token.
   *
   * @param scores [v] before the softmax
   * @param random drawn from once, unless the temperature is 0
   */
  public int choose(float[] scores, RandomGenerator random) {
    int best = likeliest(scores);
    if (temperature == 0) {
      return best;
    }
    double[] share = new double[scores.length];
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      share[i] = Math.exp((scores[i] - scores[best]) / temperature);
      sum += share[i];
    }
    int[] order = order(share);
    double kept = 0;
    int n = 0;
    while (n < order.length && (n == 0 || kept < topP * sum)) {
      kept += share[order[n++]];
    }
    double drawn = random.nextDouble() * kept;
    for (int i = 0; i < n; i++) {
      drawn -= share[order[i]];
      if (drawn < 0) {
        return order[i];
      }
    }
    return order[n - 1];
  }

  /** All tokens, likeliest first, the first of equals first; unsorted where all are kept. */
  private int[] order(double[] share) {
    int[] out = new int[share.length];
    if (topP == 1) {
      Arrays.setAll(out, i -> i);
      return out;
    }
    long[] keys = new long[share.length];
    for (int i = 0; i < keys.length; i++) {
      // bits of a float that is not negative ascend with it
      keys[i] = (long) ~Float.floatToIntBits((float) share[i]) << Integer.SIZE | i;
    }
    Arrays.sort(keys);
    Arrays.setAll(out, i -> (int) keys[i]);
    return out;
  }

  private static int likeliest(float[] scores) {
    int best = 0;
    for (int i = 1; i < scores.length; i++) {
      best = scores[i] > scores[best] ? i : best;
    }
    return best;
  }

  /**
   * Continues sequences of tokens, all at once, until each has ended or the model has no room.
   *
   * @param prompts [b][at least 1]
   * @param most new tokens of each
   * @param end a token after which a sequence is over and which is kept; below 0: none
   * @param random drawn from in the order of the sequences, once a step for each that goes on
   * @return [b][at most {@code most}] the new tokens
   */
  public int[][] generate(
      Predictor predictor, int[][] prompts, int most, int end, RandomGenerator random) {
    int b = prompts.length;
    int[][] out = new int[b][most];
    int[] n = new int[b];
    boolean[] over = new boolean[b];
    try (var decoder = predictor.decoder(b)) {
      int[][] next = prompts;
      for (int step = 0; step < most && !all(over) && (step == 0 || decoder.room() > 0); step++) {
        float[] scores;
        try (var value = decoder.read(next)) {
          scores = value.toArray();
        }
        int v = scores.length / b;
        next = new int[b][];
        for (int i = 0; i < b; i++) {
          int token = over[i] ? 0 : choose(Arrays.copyOfRange(scores, i * v, (i + 1) * v), random);
          next[i] = new int[] {token};
          if (!over[i]) {
            out[i][n[i]++] = token;
            over[i] = token == end;
          }
        }
      }
    }
    for (int i = 0; i < b; i++) {
      out[i] = Arrays.copyOf(out[i], n[i]);
    }
    return out;
  }

  private static boolean all(boolean[] flags) {
    for (boolean flag : flags) {
      if (!flag) {
        return false;
      }
    }
    return true;
  }
}
