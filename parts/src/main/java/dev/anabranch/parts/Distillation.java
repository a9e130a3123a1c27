package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Paper;
import dev.anabranch.core.ScoreLoss;
import dev.anabranch.core.Tensor;

/**
 * Knowledge distillation on next tokens: {@code T² · mean KL(softmax(teacher / T) ‖ softmax(student
 * / T))} over the positions that are asked, and part of the cross-entropy of their labels if
 * wanted. Immutable.
 *
 * @param temperature T (expected: above 0)
 * @param reverse whether the divergence is taken the other way round, {@code KL(student ‖ teacher)}
 * @param labelWeight share of the labels' own cross-entropy, 0 to 1
 */
@Paper(
    title = "Distilling the Knowledge in a Neural Network",
    url = "https://arxiv.org/abs/1503.02531")
public record Distillation(double temperature, boolean reverse, double labelWeight) {
  public Distillation {
    Check.that(temperature > 0, "temperature", temperature, "above 0");
    Check.that(labelWeight >= 0 && labelWeight <= 1, "labelWeight", labelWeight, "0 to 1");
  }

  /** [n, v] scores of the positions whose label is asked for, of all [b, t, v]. */
  public static Tensor asked(Tensor scores, int[] labels) {
    long v = scores.elements() / labels.length;
    int n = 0;
    for (int label : labels) {
      n += label >= 0 ? 1 : 0;
    }
    var out = Tensor.room(n, v);
    long at = 0;
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= 0) {
        out.data()
            .asSlice(at, v * Float.BYTES)
            .copyFrom(scores.data().asSlice(i * v * Float.BYTES, v * Float.BYTES));
        at += v * Float.BYTES;
      }
    }
    return out;
  }

  /**
   * The loss of a student.
   *
   * @param teacher [n, v] scores of the positions that are asked
   * @param labels of all positions, below 0 where none is asked
   */
  public ScoreLoss from(Tensor teacher, int[] labels) {
    int[] asked = java.util.Arrays.stream(labels).filter(label -> label >= 0).toArray();
    return (student, gradient) -> {
      if (!teacher.sameShape(student)) {
        throw new IllegalArgumentException(
            "teacher: " + teacher + " (expected: the student's shape, " + student + ")");
      }
      double loss = 0;
      for (int row = 0; row < asked.length; row++) {
        loss += row(teacher, student, gradient, row, asked[row], asked.length);
      }
      return asked.length == 0 ? 0 : loss / asked.length;
    };
  }

  private double row(
      Tensor teacher, Tensor student, Tensor gradient, int row, int label, int rows) {
    int v = Math.toIntExact(student.size(1));
    double[] p = logSoftmax(teacher, (long) row * v, v, temperature);
    double[] q = logSoftmax(student, (long) row * v, v, temperature);
    double kl = 0;
    for (int i = 0; i < v; i++) {
      kl += reverse ? share(q[i], q[i] - p[i]) : share(p[i], p[i] - q[i]);
    }
    double[] hard = labelWeight > 0 ? logSoftmax(student, (long) row * v, v, 1) : q;
    for (int i = 0; i < v; i++) {
      double soft =
          reverse
              ? Math.exp(q[i]) * (p[i] == Double.NEGATIVE_INFINITY ? 0 : q[i] - p[i] - kl)
              : Math.exp(q[i]) - Math.exp(p[i]);
      double own = labelWeight > 0 ? Math.exp(hard[i]) - (i == label ? 1 : 0) : 0;
      double slope = (1 - labelWeight) * temperature * soft + labelWeight * own;
      gradient.set((long) row * v + i, (float) (slope / rows));
    }
    return (1 - labelWeight) * temperature * temperature * kl - labelWeight * hard[label];
  }

  /** e^log · difference; 0 where the probability or what it is compared with is unknown. */
  private static double share(double log, double difference) {
    return log == Double.NEGATIVE_INFINITY || Double.isInfinite(difference)
        ? 0
        : Math.exp(log) * difference;
  }

  private static double[] logSoftmax(Tensor scores, long from, int v, double temperature) {
    double[] out = new double[v];
    double top = Double.NEGATIVE_INFINITY;
    for (int i = 0; i < v; i++) {
      out[i] = scores.get(from + i) / temperature;
      top = Math.max(top, out[i]);
    }
    double sum = 0;
    for (int i = 0; i < v; i++) {
      sum += Math.exp(out[i] - top);
    }
    double log = top + Math.log(sum);
    for (int i = 0; i < v; i++) {
      out[i] -= log;
    }
    return out;
  }
}
