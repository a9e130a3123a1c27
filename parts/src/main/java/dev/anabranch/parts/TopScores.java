package dev.anabranch.parts;

import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Check;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Tensor;
import java.util.Arrays;

/**
 * A black box that tells the logarithms of the k likeliest next tokens' probabilities and nothing
 * of all others, as public interfaces of large models do. Of equally likely ones those of lower
 * index are told. Safe from any thread.
 *
 * @param k how many (expected: at least 1)
 */
@Folklore("top-k log-probabilities")
public record TopScores(BlackBox box, int k) implements BlackBox {
  public TopScores {
    Check.that(k >= 1, "topK", k, "at least 1");
  }

  @Override
  public String name() {
    return box.name();
  }

  @Override
  public int vocabulary() {
    return box.vocabulary();
  }

  @Override
  public Tensor logits(Inputs.Tokens tokens) {
    try (var all = box.logits(tokens)) {
      int v = vocabulary();
      var out = Tensor.room(all.shape());
      float[] row = new float[v];
      for (long at = 0; at < all.elements(); at += v) {
        for (int i = 0; i < v; i++) {
          row[i] = all.get(at + i);
        }
        keep(row, out, at);
      }
      return out;
    }
  }

  private void keep(float[] row, Tensor out, long at) {
    float[] sorted = row.clone();
    Arrays.sort(sorted);
    double top = sorted[sorted.length - 1];
    double sum = 0;
    for (float z : row) {
      sum += Math.exp(z - top);
    }
    double log = top + Math.log(sum);
    float least = sorted[Math.max(0, sorted.length - k)];
    int ties = k;
    for (float z : row) {
      ties -= z > least ? 1 : 0;
    }
    for (int i = 0; i < row.length; i++) {
      boolean told = row[i] > least || (row[i] == least && ties-- > 0);
      out.set(at + i, told ? (float) (row[i] - log) : Float.NEGATIVE_INFINITY);
    }
  }

  @Override
  public void close() {
    box.close();
  }
}
