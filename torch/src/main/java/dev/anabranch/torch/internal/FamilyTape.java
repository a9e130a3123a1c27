package dev.anabranch.torch.internal;

import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.jspecify.annotations.Nullable;

/** A recorded walk through one span. Used on a lane; closing twice is allowed. */
final class FamilyTape implements Tape {
  private final @Nullable Tensor leaf;
  private final Tensor output;
  private final Pass pass;
  private boolean closed;

  /**
   * Takes all three over.
   *
   * @param leaf the input, if its gradient is needed
   */
  FamilyTape(@Nullable Tensor leaf, Tensor output, Pass pass) {
    this.leaf = leaf;
    this.output = output;
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
    return output;
  }

  @Override
  public @Nullable Tensor backward(Tensor gradient) {
    try (var scope = new PointerScope()) {
      if (output.requires_grad()) {
        output.backward(
            BertLayers.cast(gradient, output.scalar_type().intern()),
            new BoolOptional(),
            false,
            new TensorArrayRefOptional());
        var meter = Meter.here();
        meter.add(pass.backward());
        meter.boundary();
      }
      return leaf == null ? null : Tensors.own(new Tensor(leaf.grad()));
    }
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      if (leaf != null) {
        leaf.close();
      }
      output.close();
      pass.close();
    }
  }
}
