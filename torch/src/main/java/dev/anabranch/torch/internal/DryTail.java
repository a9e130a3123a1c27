package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tail;

/**
 * {@link BertTail} without values. Used on a lane.
 *
 * @param below whether anything before the tail is trained
 */
record DryTail(
    DryChain chain,
    DryScorer scorer,
    DryVariables variables,
    Footprint footprint,
    Zeros zeros,
    boolean below)
    implements Tail {
  @Override
  public Result lossAndGradient(Hidden hidden, Batch batch) {
    Shapes.requireWidth(hidden.values(), footprint.width());
    var account = variables.account();
    long b = hidden.values().size(0);
    long t = hidden.values().size(1);
    long in = footprint.hidden(b, t, Float.BYTES);
    account.hold(in);
    var tape = chain.record(account, b, t, below);
    long outer = scorer.backward(b, t, tape.e(), below || chain.touched());
    if (outer > 0) {
      tape.backward(variables);
    }
    account.hold(-outer - in);
    tape.close();
    if (below) {
      variables.keep(in);
    }
    return new Result(scorer.guess(), zeros.tensor(below ? b : 0, t, footprint.width()));
  }
}
