package dev.anabranch.torch.internal;

import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.Pooling;
import dev.anabranch.torch.BertMacs;

/** {@link Scorer} without values. Used on a lane. */
record DryScorer(ModelFacts facts, DryVariables variables, BertMacs macs, Footprint footprint) {
  /** What an untrained classifier loses: the loss of a guess. */
  double guess() {
    return Math.log(facts.classes());
  }

  void forward(long b) {
    variables.account().add(macs.classifier(b) + pooler(b));
    variables.account().boundary();
  }

  private long pooler(long b) {
    return facts.pooling() == Pooling.POOLER ? macs.pooler(b) : 0;
  }

  /**
   * Gives the bytes of the gradient of the hidden states; 0 if there is none.
   *
   * @param e bytes of an element of the hidden states
   */
  long backward(long b, long t, int e, boolean below) {
    if (!below && !variables.any(name -> name.equals("classifier.weight"))) {
      forward(b);
      return 0;
    }
    var account = variables.account();
    account.add(macs.classifier(b) + macs.classifierBackward(b, below));
    account.add(pooler(b) * (below ? 2 : 1));
    variables.gradient(name -> name.startsWith("classifier."));
    long gradient = below ? footprint.hidden(b, t, e) : 0;
    long wide = footprint.hidden(b, t, Float.BYTES);
    long pooled = facts.pooling() == Pooling.MEAN ? wide + (e < Float.BYTES ? wide : 0) : 0;
    account.hold(gradient + pooled);
    account.boundary();
    account.hold(-pooled);
    return gradient;
  }
}
