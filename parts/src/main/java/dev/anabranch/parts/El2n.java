package dev.anabranch.parts;

import dev.anabranch.core.Paper;
import dev.anabranch.core.Tensor;
import java.lang.foreign.MemorySegment;

/**
 * The error norm of an example, ‖softmax(logits) − onehot(label)‖₂: from 0 for a sure and right
 * answer to √2 for a sure and wrong one.
 *
 * <p>Differs: the paper takes the mean over about ten networks early in training; here it is one
 * network's score, and {@link ScoreAverage} can smooth it over rounds.
 */
@Paper(
    title = "Deep Learning on a Data Diet: Finding Important Examples Early in Training",
    url = "https://arxiv.org/abs/2107.07075")
public final class El2n {
  private El2n() {}

  /**
   * The score of one example.
   *
   * @param logits [classes] before the softmax
   * @param label class index, 0 to below classes
   * @return 0 to √2; NaN if a logit is NaN or +infinite
   */
  public static float score(float[] logits, int label) {
    if (label < 0 || label >= logits.length) {
      throw new IllegalArgumentException(
          "label: " + label + " (expected: 0 to " + (logits.length - 1) + ")");
    }
    double max = Double.NEGATIVE_INFINITY;
    for (float z : logits) {
      max = Math.max(max, z);
    }
    double sum = 0;
    double rest = 0; // all classes but the label
    for (int c = 0; c < logits.length; c++) {
      double e = Math.exp(logits[c] - max);
      sum += e;
      rest += c == label ? 0 : e;
    }
    double miss = rest / sum; // 1 − p(label), without cancellation
    double squares = miss * miss;
    for (int c = 0; c < logits.length; c++) {
      double p = c == label ? 0 : Math.exp(logits[c] - max) / sum;
      squares += p * p;
    }
    return (float) Math.sqrt(squares);
  }

  /**
   * The scores of a batch. That of a text whose tokens are told is the mean over the tokens that
   * are asked for, 0 if none is: the paper is about classes alone.
   *
   * @param logits [b, classes] before the softmax, or [b, t, v] of a language model
   * @param labels [b] class indices, or [b, t] tokens, below 0 where none is asked for
   * @return [b]
   */
  public static float[] scores(Tensor logits, int[] labels) {
    int rank = logits.rank();
    long rows = rank == 2 ? logits.size(0) : rank == 3 ? logits.size(0) * logits.size(1) : -1;
    if (rows != labels.length) {
      throw new IllegalArgumentException(
          "logits: " + logits + " (expected: [" + labels.length + ", classes] or [b, t, v])");
    }
    float[] out = new float[Math.toIntExact(logits.size(0))];
    int each = out.length == 0 ? 0 : labels.length / out.length;
    float[] row = new float[Math.toIntExact(logits.size(rank - 1))];
    for (int i = 0; i < out.length; i++) {
      double sum = 0;
      int asked = 0;
      for (int at = i * each; at < (i + 1) * each; at++) {
        if (rank == 2 || labels[at] >= 0) {
          long from = (long) at * row.length * Float.BYTES;
          MemorySegment.copy(logits.data(), Tensor.FLOAT, from, row, 0, row.length);
          sum += score(row, labels[at]);
          asked++;
        }
      }
      out[i] = asked == 0 ? 0 : (float) (sum / asked);
    }
    return out;
  }
}
