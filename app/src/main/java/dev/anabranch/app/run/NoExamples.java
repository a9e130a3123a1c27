package dev.anabranch.app.run;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;
import java.util.Objects;

/** No examples: the hold-out of a plan that keeps nothing back, the data of a body. */
public record NoExamples() implements Shard {
  @Override
  public int size() {
    return 0;
  }

  @Override
  public int label(int row) {
    throw new IndexOutOfBoundsException(row);
  }

  @Override
  public Batch batch(int[] rows) {
    Objects.checkIndex(rows.length, 1);
    return new Batch(rows, new Inputs.Tokens(rows, 0, rows, rows), rows);
  }
}
