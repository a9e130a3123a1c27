package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** {@link BertHead} without values. Used on a lane. */
final class DryHead implements Head {
  private final DryEmbedding embedding;
  private final DryChain chain;
  private final DryVariables variables;
  private final Footprint footprint;
  private final Zeros zeros;
  private @Nullable Batch kept;
  private DryChain.@Nullable Tape tape;
  private long embedded;

  DryHead(
      DryEmbedding embedding,
      DryChain chain,
      DryVariables variables,
      Footprint footprint,
      Zeros zeros) {
    this.embedding = embedding;
    this.chain = chain;
    this.variables = variables;
    this.footprint = footprint;
    this.zeros = zeros;
  }

  private boolean trained() {
    return embedding.trained() || chain.touched();
  }

  @Override
  public Hidden forward(Batch batch) {
    var account = variables.account();
    long t = embedding.positions(batch);
    long bytes = footprint.hidden(batch.size(), t, Float.BYTES);
    if (trained()) {
      record(batch);
    } else {
      account.hold(bytes);
      account.hold(-chain.forward(account, batch.size(), t) - bytes);
    }
    variables.keep(bytes);
    return new Hidden(
        zeros.tensor(batch.size(), t, footprint.width()), embedding.lengths(batch));
  }

  private DryChain.Tape record(Batch batch) {
    close();
    embedded = embedding.record(batch);
    variables.account().hold(embedded);
    var made =
        chain.record(
            variables.account(), batch.size(), embedding.positions(batch), embedding.trained());
    tape = made;
    kept = batch;
    return made;
  }

  private static boolean same(@Nullable Batch a, Batch b) {
    return a != null
        && Arrays.equals(a.rows(), b.rows())
        && Arrays.equals(Sequence.tokens(a.inputs()).ids(), Sequence.tokens(b.inputs()).ids());
  }

  @Override
  public void backward(Batch batch, Tensor gradient) {
    if (!trained()) {
      return;
    }
    var used = tape != null && same(kept, batch) ? tape : record(batch);
    long outer = footprint.hidden(batch.size(), embedding.positions(batch), Float.BYTES);
    variables.account().hold(outer);
    used.backward(variables);
    if (embedding.trained()) {
      embedding.backward();
    }
    variables.account().hold(-outer);
    close();
  }

  void close() {
    if (tape != null) {
      tape.close();
      variables.account().hold(-embedded);
      tape = null;
      kept = null;
    }
  }
}
