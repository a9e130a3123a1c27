package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/** Embeddings and the first layers. Keeps the tape of its last forward. Used on a lane. */
final class BertHead implements Head, AutoCloseable {
  private final Embedding embedding;
  private final Chain chain;
  private final int prompts;
  private @Nullable Kept kept;

  private record Kept(int[] rows, int[] ids, Tape embedded, Tape layers) {
    boolean isOf(Batch batch) {
      return java.util.Arrays.equals(rows, batch.rows())
          && java.util.Arrays.equals(ids, Sequence.tokens(batch.inputs()).ids());
    }

    void close() {
      layers.close();
      embedded.close();
    }
  }

  BertHead(Embedding embedding, Chain chain, int prompts) {
    this.embedding = embedding;
    this.chain = chain;
    this.prompts = prompts;
  }

  private boolean trained() {
    return embedding.trained() || chain.touched();
  }

  @Override
  public Hidden forward(Batch batch) {
    Meter.here();
    var tokens = Sequence.tokens(batch.inputs());
    int[] lengths = Sequence.lengths(tokens, prompts);
    try (var scope = new PointerScope()) {
      if (trained()) {
        return new Hidden(Tensors.value(record(batch).layers.output()), lengths);
      }
      try (var embedded = embedding.forward(tokens);
          var mask = Sequence.mask(lengths, prompts + tokens.width());
          var out = chain.forward(embedded, mask)) {
        return new Hidden(Tensors.value(out), lengths);
      }
    }
  }

  private Kept record(Batch batch) {
    close();
    var tokens = Sequence.tokens(batch.inputs());
    int[] lengths = Sequence.lengths(tokens, prompts);
    var embedded = embedding.record(tokens);
    var mask = Sequence.mask(lengths, prompts + tokens.width());
    var layers = chain.record(embedded.output(), mask, embedding.trained());
    var made = new Kept(batch.rows(), tokens.ids(), embedded, layers);
    kept = made;
    return made;
  }

  @Override
  public void backward(Batch batch, Tensor gradient) {
    Meter.here();
    if (!trained()) {
      return;
    }
    try (var scope = new PointerScope()) {
      var tapes = kept != null && kept.isOf(batch) ? kept : record(batch);
      Shapes.require("gradient", gradient, tapes.layers.output());
      try (var outer = Tensors.own(Tensors.of(gradient));
          var inner = tapes.layers.backward(outer)) {
        if (inner != null) {
          tapes.embedded.backward(inner);
        }
      }
      close();
    }
  }

  @Override
  public void close() {
    if (kept != null) {
      kept.close();
      kept = null;
    }
  }
}
