package dev.anabranch.torch.internal;

import dev.anabranch.core.Block;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import org.jspecify.annotations.Nullable;

/** {@link RecordedBlock} without values. Used on a lane. */
final class DryBlock implements Block {
  private final DryChain chain;
  private final DryVariables variables;
  private final Footprint footprint;
  private final Zeros zeros;
  private @Nullable Tensor input;
  private DryChain.@Nullable Tape tape;

  DryBlock(DryChain chain, DryVariables variables, Footprint footprint, Zeros zeros) {
    this.chain = chain;
    this.variables = variables;
    this.footprint = footprint;
    this.zeros = zeros;
  }

  @Override
  public Tensor forward(Hidden hidden) {
    record(hidden);
    return value(hidden);
  }

  private Tensor value(Hidden hidden) {
    variables.keep(bytes(hidden));
    return zeros.tensor(hidden.values().shape());
  }

  private long bytes(Hidden hidden) {
    return footprint.hidden(hidden.values().size(0), hidden.values().size(1), Float.BYTES);
  }

  private DryChain.Tape record(Hidden hidden) {
    Shapes.requireWidth(hidden.values(), footprint.width());
    close();
    var account = variables.account();
    account.hold(bytes(hidden));
    var made = chain.record(account, hidden.values().size(0), hidden.values().size(1), true);
    account.hold(-bytes(hidden));
    input = hidden.values();
    tape = made;
    return made;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // as the real one: the very object that came in
  public Tensor backward(Hidden hidden, Tensor gradient) {
    var used = tape != null && input == hidden.values() ? tape : record(hidden);
    variables.account().hold(bytes(hidden));
    used.backward(variables);
    variables.account().hold(-bytes(hidden));
    close();
    return value(hidden);
  }

  void close() {
    if (tape != null) {
      tape.close();
    }
    tape = null;
    input = null;
  }
}
