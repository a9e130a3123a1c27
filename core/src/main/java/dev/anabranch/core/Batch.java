package dev.anabranch.core;

/**
 * Some rows of a shard, ready for a model.
 *
 * @param rows [b] positions within the shard
 * @param inputs b samples
 * @param labels [b] class indices
 */
public record Batch(int[] rows, Inputs inputs, int[] labels) {
  public Batch {
    if (rows.length != inputs.size() || labels.length != rows.length) {
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
