package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Route;
import dev.anabranch.core.Tensor;

/** {@link BertRoute} without values. Used on a lane. */
record DryRoute(
    DryEmbedding embedding, DryChain chain, DryScorer scorer, DryVariables variables, Zeros zeros)
    implements Route {
  @Override
  public Route through(int... layers) {
    return new DryRoute(embedding, chain.through(layers), scorer, variables, zeros);
  }

  @Override
  public Tensor logits(Batch batch) {
    forward(batch);
    return zeros.tensor(batch.size(), scorer.facts().classes());
  }

  @Override
  public double loss(Batch batch) {
    forward(batch);
    return scorer.guess();
  }

  private void forward(Batch batch) {
    var account = variables.account();
    long t = embedding.positions(batch);
    long first = scorer.footprint().hidden(batch.size(), t, Float.BYTES);
    account.hold(first);
    long last = chain.forward(account, batch.size(), t);
    account.hold(-first);
    scorer.forward(batch.size());
    account.hold(-last);
  }

  @Override
  public double lossAndGradient(Batch batch) {
    var account = variables.account();
    long t = embedding.positions(batch);
    boolean below = embedding.trained();
    long embedded = embedding.record(batch);
    account.hold(embedded);
    var tape = chain.record(account, batch.size(), t, below);
    long outer = scorer.backward(batch.size(), t, tape.e(), below || chain.touched());
    if (outer > 0) {
      tape.backward(variables);
      if (below) {
        embedding.backward();
      }
    }
    account.hold(-outer - embedded);
    tape.close();
    return scorer.guess();
  }
}
