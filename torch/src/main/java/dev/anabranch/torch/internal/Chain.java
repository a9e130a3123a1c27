package dev.anabranch.torch.internal;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/** The layers of one segment or several, in order. Used on a lane; keeps nothing of a call. */
final class Chain {
  private final List<Span> spans;

  Chain(List<Span> spans) {
    this.spans = List.copyOf(spans);
  }

  Chain and(Chain next) {
    var all = new ArrayList<>(spans);
    all.addAll(next.spans);
    return new Chain(all);
  }

  /**
   * Some of these layers.
   *
   * @param layers ascending
   * @throws IllegalArgumentException if one is not here
   */
  Chain through(int... layers) {
    Shapes.requireLayers(
        layers, spans.stream().flatMapToInt(span -> Arrays.stream(span.indices())).toArray());
    var kept = new ArrayList<Span>();
    for (var span : spans) {
      int[] here = span.indices();
      int[] some = IntStream.of(layers).filter(i -> Arrays.binarySearch(here, i) >= 0).toArray();
      if (some.length > 0) {
        kept.add(span.through(some));
      }
    }
    return new Chain(kept);
  }

  boolean touched() {
    return spans.stream().anyMatch(Span::touched);
  }

  /**
   * Without a backward pass.
   *
   * @param hidden [b, t, d]; stays with the caller
   * @return [b, t, d]; the caller owns it
   */
  Tensor forward(Tensor hidden, @Nullable Tensor mask) {
    Tensor current = second(hidden);
    for (var span : spans) {
      Tensor next = span.forward(current, mask);
      current.close();
      current = next;
    }
    return current;
  }

  /**
   * With what a backward pass needs: nothing for layers below the lowest trained variable.
   *
   * @param mask the tape takes it over
   * @param below whether the gradient of the input is needed
   */
  Tape record(Tensor hidden, @Nullable Tensor mask, boolean below) {
    var tapes = new ArrayList<Tape>();
    boolean needed = below;
    Tensor current = second(hidden);
    for (var span : spans) {
      needed |= span.touched();
      if (needed) {
        var tape = span.record(current, mask, below || !tapes.isEmpty());
        current.close();
        current = second(tape.output());
        tapes.add(tape);
      } else {
        Tensor next = span.forward(current, mask);
        current.close();
        current = next;
      }
    }
    return new Links(tapes, current, mask, below);
  }

  /** Another handle of the same tensor that can be closed on its own. */
  private static Tensor second(Tensor tensor) {
    return Tensors.owned(tensor);
  }

  private static final class Links implements Tape {
    private final List<Tape> tapes;
    private final Tensor output;
    private final @Nullable Tensor mask;
    private final boolean below;
    private boolean closed;

    Links(List<Tape> tapes, Tensor output, @Nullable Tensor mask, boolean below) {
      this.tapes = tapes;
      this.output = output;
      this.mask = mask;
      this.below = below;
    }

    @Override
    public Tensor output() {
      return output;
    }

    @Override
    public @Nullable Tensor backward(Tensor gradient) {
      Tensor current = second(gradient);
      for (int i = tapes.size() - 1; i >= 0; i--) {
        Tensor next = tapes.get(i).backward(current);
        tapes.get(i).close();
        current.close();
        if (next == null) {
          return null;
        }
        current = next;
      }
      if (!below) {
        current.close();
        return null;
      }
      return current;
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        tapes.forEach(Tape::close);
        output.close();
        if (mask != null) {
          mask.close();
        }
      }
    }
  }
}
