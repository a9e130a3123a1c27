package dev.anabranch.core;

/**
 * Some rows of a shard, ready for a model.
 *
 * @param rows [b] positions within the shard
 * @param inputs b samples
 * @param labels [b] class indices; or, for a language model, [b, t] the token that comes after each
 *     position, -1 where none is asked
 */
public record Batch(int[] rows, Inputs inputs, int[] labels) {
  public Batch {
    boolean each = inputs instanceof Inputs.Tokens t && labels.length == t.ids().length;
    if (rows.length != inputs.size() || (labels.length != rows.length && !each)) {
      throw new IllegalArgumentException(
          "batch: "
              + rows.length
              + " rows, "
              + inputs.size()
              + " inputs, "
              + labels.length
              + " labels");
    }
  }

  public int size() {
    return rows.length;
  }
}
