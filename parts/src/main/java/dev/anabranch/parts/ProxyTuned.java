package dev.anabranch.parts;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Decoder;
import dev.anabranch.core.Folklore;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;

/**
 * The model that is made of three: the large one, moved by what tuning has changed in the small
 * one. It scores and generates like any other; each token costs a pass of all three, which keep
 * their keys and values. Safe from any thread. Closing it closes none of the three.
 */
@Folklore("ProxyTuning as a model")
public record ProxyTuned(Predictor large, Predictor tuned, Predictor base, ProxyTuning tuning)
    implements Predictor {
  @Override
  public Tensor logits(Batch batch) {
    try (var l = large.logits(batch);
        var t = tuned.logits(batch);
        var b = base.logits(batch)) {
      return tuning.shift(l, t, b);
    }
  }

  @Override
  public Decoder decoder(int sequences) {
    return new Three(
        large.decoder(sequences), tuned.decoder(sequences), base.decoder(sequences), tuning);
  }

  private record Three(Decoder large, Decoder tuned, Decoder base, ProxyTuning tuning)
      implements Decoder {
    @Override
    public int size() {
      return large.size();
    }

    @Override
    public int room() {
      return Math.min(large.room(), Math.min(tuned.room(), base.room()));
    }

    @Override
    public Tensor read(int[][] tokens) {
      try (var l = large.read(tokens);
          var t = tuned.read(tokens);
          var b = base.read(tokens)) {
        return tuning.shift(l, t, b);
      }
    }

    @Override
    public void close() {
      try (large;
          tuned) {
        base.close();
      }
    }
  }

  @Override
  public void close() {}
}
