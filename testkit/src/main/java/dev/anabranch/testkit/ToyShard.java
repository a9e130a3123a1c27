package dev.anabranch.testkit;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;

/** Feature vectors with labels. Immutable by agreement. */
public record ToyShard(float[][] values, int[] labels) implements Shard {
  @Override
  public int size() {
    return labels.length;
  }

  @Override
  public int label(int row) {
    return labels[row];
  }

  @Override
  public Batch batch(int[] rows) {
    int width = values.length == 0 ? 1 : values[0].length;
    float[] out = new float[rows.length * width];
    int[] of = new int[rows.length];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(values[rows[i]], 0, out, i * width, width);
      of[i] = labels[rows[i]];
    }
    return new Batch(rows.clone(), new Inputs.Features(out, width), of);
  }
}
