package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tensor;
import org.bytedeco.javacpp.PointerScope;

/** From the input to the loss through segments that one party holds. Used on a lane. */
record BertRoute(Embedding embedding, Chain chain, Scorer scorer, int prompts) implements Route {

  @Override
  public Route through(int... layers) {
    return new BertRoute(embedding, chain.through(layers), scorer, prompts);
  }

  @Override
  public Tensor logits(Batch batch) {
    Meter.here();
    var tokens = Sequence.tokens(batch.inputs());
    int[] lengths = Sequence.lengths(tokens, prompts);
    try (var scope = new PointerScope();
        var hidden = hidden(batch);
        var logits = scorer.logits(hidden, lengths)) {
      return Tensors.value(logits);
    }
  }

  @Override
  public double loss(Batch batch) {
    Meter.here();
    int[] lengths = Sequence.lengths(Sequence.tokens(batch.inputs()), prompts);
    try (var scope = new PointerScope();
        var hidden = hidden(batch)) {
      return scorer.loss(hidden, lengths, batch.labels());
    }
  }

  /** Without a backward pass; the caller owns it. */
  private org.bytedeco.pytorch.Tensor hidden(Batch batch) {
    var tokens = Sequence.tokens(batch.inputs());
    int[] lengths = Sequence.lengths(tokens, prompts);
    try (var embedded = embedding.forward(tokens);
        var mask = Sequence.mask(lengths, prompts + tokens.width())) {
      return chain.forward(embedded, mask);
    }
  }

  @Override
  public double lossAndGradient(Batch batch) {
    Meter.here();
    var tokens = Sequence.tokens(batch.inputs());
    int[] lengths = Sequence.lengths(tokens, prompts);
    boolean below = embedding.trained();
    try (var scope = new PointerScope();
        var embedded = embedding.record(tokens);
        var tape =
            chain.record(
                embedded.output(), Sequence.mask(lengths, prompts + tokens.width()), below)) {
      var scored =
          scorer.lossAndGradient(tape.output(), lengths, batch.labels(), below || chain.touched());
      if (scored.gradient() != null) {
        try (var outer = scored.gradient();
            var inner = tape.backward(outer)) {
          if (inner != null) {
            embedded.backward(inner);
          }
        }
      }
      return scored.loss();
    }
  }
}
