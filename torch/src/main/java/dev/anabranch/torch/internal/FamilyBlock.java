package dev.anabranch.torch.internal;

import dev.anabranch.core.Block;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/** The layers between two cuts. Keeps the graph of its last forward. Used on a lane. */
final class FamilyBlock implements Block, AutoCloseable {
  private final FamilySpan span;
  private @Nullable Tensor input;
  private @Nullable FamilyTape tape;

  FamilyBlock(FamilySpan span) {
    this.span = span;
  }

  private FamilyTape record(Hidden hidden) {
    close();
    var pass = span.pass(hidden.lengths(), true, null);
    var leaf = Tensors.own(Tensors.of(hidden.values()).set_requires_grad(true));
    var made = new FamilyTape(leaf, span.layers(leaf, pass), pass);
    input = hidden.values();
    tape = made;
    return made;
  }

  @Override
  public Tensor forward(Hidden hidden) {
    Meter.here();
    try (var scope = new PointerScope()) {
      return Tensors.value(record(hidden).output());
    }
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the very object that came in, not an equal one
  public Tensor backward(Hidden hidden, Tensor gradient) {
    Meter.here();
    try (var scope = new PointerScope()) {
      var used = tape != null && input == hidden.values() ? tape : record(hidden);
      Shapes.require("gradient", gradient, used.output());
      try (var inner = Objects.requireNonNull(used.backward(Tensors.of(gradient)))) {
        close();
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
