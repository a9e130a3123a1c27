package dev.anabranch.torch.internal;

import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** A recorded walk through one span. Used on a lane; closing twice is allowed. */
final class FamilyTape implements Tape {
  private final Tape graph;
  private final Pass pass;

  /**
   * Takes all three over.
   *
   * @param leaf the input, if its gradient is needed
   */
  FamilyTape(@Nullable Tensor leaf, Tensor output, Pass pass) {
    this.graph = new Tape.Graph(leaf, output);
    this.pass = pass;
  }

  /** Lengths of hidden states without padding: all of their second axis. */
  static int[] whole(dev.anabranch.core.Tensor hidden) {
    int[] out = new int[(int) hidden.size(0)];
    Arrays.fill(out, (int) hidden.size(1));
    return out;
  }

  @Override
  public Tensor output() {
    return graph.output();
  }

  @Override
  public @Nullable Tensor backward(Tensor gradient) {
    if (!output().requires_grad()) {
      return null; // nothing on the way is trained, and nobody below asks
    }
    var below = graph.backward(gradient);
    var meter = Meter.here();
    meter.add(pass.backward());
    meter.boundary();
    return below;
  }

  @Override
  public void close() {
    graph.close();
    pass.close();
  }
}
