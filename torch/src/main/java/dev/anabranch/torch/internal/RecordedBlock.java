package dev.anabranch.torch.internal;

import dev.anabranch.core.Block;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/**
 * The layers between two cuts. Keeps the tape of its last forward until it is used, and recomputes
 * it if it is asked about another input. Used on a lane.
 */
final class RecordedBlock implements Block, AutoCloseable {
  private final Function<Hidden, Tape> walk;
  private @Nullable Tensor input;
  private @Nullable Tape tape;

  /**
   * @param walk through the layers, with the gradient of its input; on a lane
   */
  RecordedBlock(Function<Hidden, Tape> walk) {
    this.walk = walk;
  }

  @Override
  public Tensor forward(Hidden hidden) {
    Meter.here();
    try (var scope = new PointerScope()) {
      return Tensors.value(record(hidden).output());
    }
  }

  private Tape record(Hidden hidden) {
    close();
    var made = walk.apply(hidden);
    input = hidden.values();
    tape = made;
    return made;
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the very object that came in, not an equal one
  public Tensor backward(Hidden hidden, Tensor gradient) {
    Meter.here();
    try (var scope = new PointerScope()) {
      var used = tape != null && input == hidden.values() ? tape : record(hidden);
      Shapes.require("gradient", gradient, used.output());
      try (var outer = Tensors.own(Tensors.of(gradient));
          var inner = used.backward(outer)) {
        close();
        if (inner == null) {
          throw new IllegalStateException("block: no gradient (expected: one of its input)");
        }
        return Tensors.value(inner);
      }
    }
  }

  @Override
  public void close() {
    if (tape != null) {
      tape.close();
    }
    tape = null;
    input = null;
  }
}
