package dev.anabranch.parts;

import dev.anabranch.core.Check;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * A mixing matrix W over m agents: agent k makes {@code Σ_l W[k][l] θ_l} of the variables that it
 * has and gets. Rows sum to one, no entry is below zero. Immutable.
 */
public final class Mixing {
  private static final double SLACK = 1e-9;

  private final double[][] weights;

  private Mixing(double[][] weights) {
    this.weights = weights;
  }

  /**
   * @param name where the matrix stands, for messages
   * @param rows [m][m]
   * @throws dev.anabranch.core.AnabranchException if it is not square or not row-stochastic
   */
  public static Mixing of(String name, double[][] rows) {
    for (int k = 0; k < rows.length; k++) {
      int columns = rows[k].length;
      Check.that(
          columns == rows.length,
          name + ": row " + k,
          columns + (columns == 1 ? " number" : " numbers"),
          rows.length + ", one for each agent");
      for (double w : rows[k]) {
        Check.that(
            w >= 0 && w <= 1 + SLACK,
            name + ": weight in row " + k,
            w,
            "0 to 1: a mixing matrix is stochastic");
      }
      double sum = Arrays.stream(rows[k]).sum();
      Check.that(
          Math.abs(sum - 1) <= SLACK,
          name + ": row " + k + " sums to",
          sum,
          "1: a mixing matrix is stochastic");
    }
    return new Mixing(Arrays.stream(rows).map(double[]::clone).toArray(double[][]::new));
  }

  /** Everybody keeps what it has. */
  public static Mixing identity(int agents) {
    var rows = new double[agents][agents];
    IntStream.range(0, agents).forEach(k -> rows[k][k] = 1);
    return new Mixing(rows);
  }

  /** Agent k takes the mean over the agents {@code k + offset mod m}, itself always among them. */
  public static Mixing circulant(int agents, int... offsets) {
    var rows = new double[agents][agents];
    for (int k = 0; k < agents; k++) {
      rows[k][k] = 1;
      for (int offset : offsets) {
        rows[k][Math.floorMod(k + offset, agents)] = 1;
      }
      uniform(rows[k]);
    }
    return new Mixing(rows);
  }

  /** The mean over all whose entry is above zero. */
  static void uniform(double[] row) {
    double n = Arrays.stream(row).filter(w -> w > 0).count();
    Arrays.setAll(row, l -> row[l] > 0 ? 1 / n : 0);
  }

  public int agents() {
    return weights.length;
  }

  /** W[k][l]: how much of l's variables there is in what k makes. */
  public double weight(int k, int l) {
    return weights[k][l];
  }

  /** The other agents from whom k receives, in order. */
  public int[] sources(int k) {
    return others(k).filter(l -> weights[k][l] > 0).toArray();
  }

  /** The other agents to whom k sends, in order. */
  public int[] targets(int k) {
    return others(k).filter(l -> weights[l][k] > 0).toArray();
  }

  private IntStream others(int k) {
    return IntStream.range(0, agents()).filter(l -> l != k);
  }

  /** Whether columns sum to one as well: then mixing preserves the mean over the agents. */
  public boolean doublyStochastic() {
    return IntStream.range(0, agents())
        .allMatch(l ->
            Math.abs(IntStream.range(0, agents()).mapToDouble(k -> weights[k][l]).sum() - 1)
                <= SLACK);
  }

  /** Whether what any agent knows can reach every other one. */
  public boolean connected() {
    return agents() == 0 || (reached(true) == agents() && reached(false) == agents());
  }

  private int reached(boolean forward) {
    var seen = new boolean[agents()];
    var queue = new int[agents()];
    int known = 1;
    seen[0] = true;
    for (int at = 0; at < known; at++) {
      for (int next : forward ? targets(queue[at]) : sources(queue[at])) {
        if (!seen[next]) {
          seen[next] = true;
          queue[known++] = next;
        }
      }
    }
    return known;
  }

  /**
   * The same without the agents that are absent: who would have mixed with them keeps so much more
   * of its own.
   */
  public Mixing among(boolean[] present) {
    var rows = new double[agents()][agents()];
    for (int k = 0; k < agents(); k++) {
      for (int l = 0; l < agents(); l++) {
        rows[k][present[k] && present[l] ? l : k] += weights[k][l];
      }
    }
    return new Mixing(rows);
  }
}
