package dev.anabranch.core;

/** Compares scores with labels. */
final class Scores {
  private Scores() {}

  /**
   * Sums over the labels that are asked for, in order.
   *
   * @param z [n, classes] scores before the softmax
   * @param labels [n] class indices; below 0: not asked
   */
  static Predictor.Score of(float[] z, int[] labels) {
    int classes = labels.length == 0 ? 0 : z.length / labels.length;
    int right = 0;
    int asked = 0;
    double loss = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0) {
        continue;
      }
      int best = 0;
      double top = Double.NEGATIVE_INFINITY;
      for (int c = 0; c < classes; c++) {
        if (z[i * classes + c] > top) {
          top = z[i * classes + c];
          best = c;
        }
      }
      double sum = 0;
      for (int c = 0; c < classes; c++) {
        sum += Math.exp(z[i * classes + c] - top);
      }
      asked++;
      right += best == labels[i] ? 1 : 0;
      loss += top + Math.log(sum) - z[i * classes + labels[i]];
    }
    return new Predictor.Score(right, loss, asked);
  }
}
