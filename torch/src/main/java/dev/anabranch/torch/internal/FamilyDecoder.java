package dev.anabranch.torch.internal;

import dev.anabranch.core.Check;
import dev.anabranch.core.Decoder;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Tensor;

/** Reads on a lane; otherwise called from any thread, by one at a time. */
public final class FamilyDecoder implements Decoder {
  private final Lanes lanes;
  private final FamilyRoute route;
  private final KeyValues cache;
  private final int b;
  private final int most;
  private boolean closed;

  /** Begins b sequences. */
  public FamilyDecoder(Lanes lanes, FamilyModel model, int b, int layers, int most) {
    Check.that(b >= 1, "sequences", b, "at least 1");
    this.lanes = lanes;
    this.route = model.walk();
    this.cache = new KeyValues(b, layers);
    this.b = b;
    this.most = most;
  }

  @Override
  public int size() {
    return b;
  }

  @Override
  public int room() {
    return most - cache.longest();
  }

  @Override
  public Tensor read(int[][] tokens) {
    if (closed) {
      throw new IllegalStateException("decoder: closed (expected: open)");
    }
    Check.that(tokens.length == b, "sequences", tokens.length, "" + b);
    int width = 0;
    for (int[] row : tokens) {
      Check.that(row.length >= 1, "tokens of a sequence", row.length, "at least 1");
      width = Math.max(width, row.length);
    }
    Check.that(
        cache.longest() + width <= most, "tokens", cache.longest() + width, "at most " + most);
    int[] ids = new int[b * width];
    int[] lengths = new int[b];
    for (int i = 0; i < b; i++) {
      System.arraycopy(tokens[i], 0, ids, i * width, tokens[i].length);
      lengths[i] = tokens[i].length;
    }
    var inputs = new Inputs.Tokens(ids, width, lengths, new int[ids.length]);
    return lanes.run(() -> route.read(inputs, cache), false).value();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      cache.close();
    }
  }
}
