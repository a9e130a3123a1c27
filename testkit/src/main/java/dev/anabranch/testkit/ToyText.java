package dev.anabranch.testkit;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;
import java.util.Arrays;

/** Texts of toy tokens; every token but the first is asked for. Immutable by agreement. */
public record ToyText(int[][] texts) implements Shard {
  @Override
  public int size() {
    return texts.length;
  }

  @Override
  public int label(int row) {
    return 0;
  }

  @Override
  public Batch batch(int[] rows) {
    int width = Arrays.stream(rows).map(row -> texts[row].length).max().orElse(1);
    int[] ids = new int[rows.length * width];
    int[] labels = new int[ids.length];
    int[] lengths = new int[rows.length];
    Arrays.fill(labels, -1);
    for (int i = 0; i < rows.length; i++) {
      int[] text = texts[rows[i]];
      lengths[i] = text.length;
      System.arraycopy(text, 0, ids, i * width, text.length);
      System.arraycopy(text, 1, labels, i * width, text.length - 1);
    }
    return new Batch(
        rows.clone(), new Inputs.Tokens(ids, width, lengths, new int[ids.length]), labels);
  }
}
