package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Shard;
import java.util.Arrays;
import java.util.List;

/** All shards one after another. Immutable. */
final class PooledShard implements Shard {
  private final List<Shard> shards;

  /** Where each shard begins; the last entry is the size of all. */
  private final int[] starts;

  PooledShard(List<Shard> shards) {
    this.shards = List.copyOf(shards);
    starts = new int[shards.size() + 1];
    for (int i = 0; i < shards.size(); i++) {
      starts[i + 1] = Math.addExact(starts[i], shards.get(i).size());
    }
  }

  @Override
  public int size() {
    return starts[shards.size()];
  }

  /** The shard of a row: the last one that begins at or before it. */
  private int shardOf(int row) {
    int at = Arrays.binarySearch(starts, row);
    if (at < 0) {
      return -at - 2;
    }
    while (starts[at + 1] == row) {
      at++;
    }
    return at;
  }

  @Override
  public int label(int row) {
    int shard = shardOf(row);
    return shards.get(shard).label(row - starts[shard]);
  }

  @Override
  public Batch batch(int[] rows) {
    return batch(rows, (shard, i, row) -> shard.batch(row));
  }

  @Override
  public boolean distorts() {
    return shards.stream().anyMatch(Shard::distorts);
  }

  @Override
  public Batch batch(int[] rows, long seed) {
    return batch(rows, (shard, i, row) -> shard.batch(row, Seeds.seed(seed, i)));
  }

  /** Reads the one row at place i of a batch. */
  private interface Reader {
    Batch read(Shard shard, int i, int[] row);
  }

  private Batch batch(int[] rows, Reader reader) {
    var parts = new Batch[rows.length];
    for (int i = 0; i < rows.length; i++) {
      int shard = shardOf(rows[i]);
      parts[i] = reader.read(shards.get(shard), i, new int[] {rows[i] - starts[shard]});
    }
    return new Batch(rows.clone(), join(parts), labels(parts));
  }

  /** One an example or, as its width, one a position; none is asked for beyond the length. */
  private static int[] labels(Batch[] parts) {
    int width = Arrays.stream(parts).mapToInt(part -> part.labels().length).max().orElse(1);
    int[] labels = new int[parts.length * width];
    Arrays.fill(labels, -1);
    for (int i = 0; i < parts.length; i++) {
      System.arraycopy(parts[i].labels(), 0, labels, i * width, parts[i].labels().length);
    }
    return labels;
  }

  private static Inputs join(Batch[] parts) {
    if (parts.length == 0 || parts[0].inputs() instanceof Inputs.Features) {
      int width = parts.length == 0 ? 1 : ((Inputs.Features) parts[0].inputs()).width();
      float[] values = new float[parts.length * width];
      for (int i = 0; i < parts.length; i++) {
        System.arraycopy(
            ((Inputs.Features) parts[i].inputs()).values(), 0, values, i * width, width);
      }
      return new Inputs.Features(values, width);
    }
    if (parts[0].inputs() instanceof Inputs.Images first) {
      int each = first.values().length;
      float[] values = new float[Math.multiplyExact(parts.length, each)];
      for (int i = 0; i < parts.length; i++) {
        System.arraycopy(((Inputs.Images) parts[i].inputs()).values(), 0, values, i * each, each);
      }
      return new Inputs.Images(values, first.channels(), first.height(), first.width());
    }
    int width = 0;
    for (var part : parts) {
      width = Math.max(width, ((Inputs.Tokens) part.inputs()).width());
    }
    int[] ids = new int[parts.length * width];
    int[] types = new int[parts.length * width];
    int[] lengths = new int[parts.length];
    for (int i = 0; i < parts.length; i++) {
      // Positions beyond the length stay 0: no attention sees them, whatever the padding id of the
      // vocabulary is.
      var one = (Inputs.Tokens) parts[i].inputs();
      System.arraycopy(one.ids(), 0, ids, i * width, one.width());
      System.arraycopy(one.types(), 0, types, i * width, one.width());
      lengths[i] = one.lengths()[0];
    }
    return new Inputs.Tokens(ids, width, lengths, types);
  }
}
