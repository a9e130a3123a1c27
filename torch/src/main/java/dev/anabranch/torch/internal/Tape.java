package dev.anabranch.torch.internal;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.jspecify.annotations.Nullable;

/** What a forward pass leaves for its backward pass. Used on a lane; closing twice is allowed. */
interface Tape extends AutoCloseable {
  /** What came out; the tape's own. */
  Tensor output();

  /**
   * Adds the gradients of the trained variables on the way. The tape is used up.
   *
   * @param gradient of the output; stays with the caller
   * @return the gradient of the input, which the caller owns; null if nobody below needs it
   */
  @Nullable Tensor backward(Tensor gradient);

  @Override
  void close();

  /** A graph that libtorch recorded. */
  final class Graph implements Tape {
    private final @Nullable Tensor leaf;
    private final Tensor output;
    private boolean closed;

    /**
     * Takes both tensors over.
     *
     * @param leaf the input, if its gradient is needed
     */
    Graph(@Nullable Tensor leaf, Tensor output) {
      this.leaf = leaf;
      this.output = output;
    }

    @Override
    public Tensor output() {
      return output;
    }

    @Override
    public @Nullable Tensor backward(Tensor gradient) {
      try (var scope = new PointerScope()) {
        output.backward(
            BertLayers.cast(gradient, output.scalar_type().intern()),
            new BoolOptional(),
            false,
            new TensorArrayRefOptional());
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
      }
    }
  }
}
