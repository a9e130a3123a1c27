package dev.anabranch.torch.internal;

import dev.anabranch.torch.BertMacs;
import java.util.LinkedHashMap;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * Layers that follow one another and are alike: all frozen, or all with something trained in them.
 * The one place where layers run, so also where their multiply-accumulates are counted and memory
 * is sampled. Used on a lane; keeps nothing of a call.
 */
final class Span {
  private final int[] indices;
  private final BertWeights weights;
  private final BertLayers layers;
  private final FrozenLayers frozen;
  private final Hooks hooks;
  private final Variables variables;
  private final boolean touched;
  private final BertMacs macs;
  private final BertMacs stepped;

  Span(
      int from,
      int until,
      BertWeights weights,
      Hooks hooks,
      Variables variables,
      BertMacs macs,
      BertMacs stepped) {
    this(IntStream.range(from, until).toArray(), weights, hooks, variables, macs, stepped);
  }

  /**
   * @param indices of the layers, ascending, at least one
   * @param hooks values of variables, stepped or not
   * @param macs over all variables
   * @param stepped over those that are stepped
   */
  Span(
      int[] indices,
      BertWeights weights,
      Hooks hooks,
      Variables variables,
      BertMacs macs,
      BertMacs stepped) {
    this.indices = indices.clone();
    this.weights = weights;
    this.layers = new BertLayers(weights);
    this.frozen = new FrozenLayers(weights);
    this.hooks = hooks;
    this.variables = variables;
    this.touched = stepped.touches(indices[0]);
    this.macs = macs;
    this.stepped = stepped;
  }

  int[] indices() {
    return indices.clone();
  }

  /** Some of these layers. */
  Span through(int[] some) {
    return new Span(some, weights, hooks, variables, macs, stepped);
  }

  /** Whether a backward pass has gradients to add here. */
  boolean touched() {
    return touched;
  }

  /**
   * The forward pass alone, layer by layer, so that only one layer's memory is held.
   *
   * @param hidden [b, t, d]; stays with the caller
   * @return [b, t, d]; the caller owns it
   */
  Tensor forward(Tensor hidden, @Nullable Tensor mask) {
    try (var guard = new NoGradGuard()) {
      Tensor current = typed(hidden);
      for (int i : indices) {
        Tensor next;
        try (var scope = new PointerScope()) {
          next = Tensors.own(layers.forward(current, mask, i, i + 1, hooks));
        }
        current.close();
        current = next;
        counted(i, current);
      }
      return current;
    }
  }

  /**
   * The forward pass with what backward needs.
   *
   * @param below whether the gradient of the input is needed
   */
  Tape record(Tensor hidden, @Nullable Tensor mask, boolean below) {
    return macs.touches(indices[0])
        ? recordTrained(hidden, mask, below)
        : recordFrozen(hidden, mask);
  }

  private boolean byHand() {
    for (int i : indices) {
      if (!TrainedLayers.supports(hooks, i)) {
        return false;
      }
    }
    return true;
  }

  private Tape recordByHand(Tensor hidden, @Nullable Tensor mask, boolean below) {
    // multiply-accumulates are counted here, in the same way for every kind of pass
    var pass = new TrainedLayers(weights, indices, hooks, executed -> {});
    var keep = below ? TrainedLayers.Keep.INPUT : TrainedLayers.Keep.PARAMETERS;
    try (var typed = typed(hidden)) {
      var result = pass.forward(typed, mask, keep);
      for (int i : indices) {
        counted(i, result.hidden());
      }
      return new Counted(new HandTape(pass, result), below);
    }
  }

  private Tape recordTrained(Tensor hidden, @Nullable Tensor mask, boolean below) {
    if (byHand()) {
      return recordByHand(hidden, mask, below);
    }
    Tensor leaf = typed(hidden);
    leaf.set_requires_grad(below);
    Tensor current = leaf;
    for (int i : indices) {
      Tensor next;
      try (var scope = new PointerScope()) {
        next = Tensors.own(layers.forward(current, mask, i, i + 1, hooks));
      }
      if (i > indices[0] || !below) {
        current.close();
      }
      current = next;
      counted(i, current);
    }
    return new Counted(new Tape.Graph(below ? leaf : null, current), below);
  }

  private Tape recordFrozen(Tensor hidden, @Nullable Tensor mask) {
    Tensor current = typed(hidden);
    var trace = frozen.trace(current, mask);
    for (int i : indices) {
      Tensor next = frozen.forward(current, trace, i, i + 1);
      current.close();
      current = next;
      counted(i, current);
    }
    return new Counted(new FrozenTape(trace, current), true);
  }

  /** A copy, or a second handle, that is the callee's own. */
  private Tensor typed(Tensor hidden) {
    try (var scope = new PointerScope()) {
      Tensor plain = hidden.detach();
      ScalarType type = weights.type();
      return Tensors.own(BertLayers.cast(plain, type));
    }
  }

  private void counted(int layer, Tensor hidden) {
    var meter = Meter.here();
    meter.add(macs.forward(layer, hidden.size(0), hidden.size(1)));
    meter.boundary();
  }

  private final class FrozenTape implements Tape {
    private final FrozenLayers.Trace trace;
    private final Tensor output;
    private boolean closed;

    FrozenTape(FrozenLayers.Trace trace, Tensor output) {
      this.trace = trace;
      this.output = output;
    }

    @Override
    public Tensor output() {
      return output;
    }

    @Override
    public Tensor backward(Tensor gradient) {
      try (var scope = new PointerScope()) {
        return frozen.backward(trace, BertLayers.cast(gradient.detach(), weights.type()));
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        trace.close();
        output.close();
      }
    }
  }

  /** A pass of {@link TrainedLayers}, whose gradients go to the variables. */
  private final class HandTape implements Tape {
    private final TrainedLayers pass;
    private final TrainedLayers.Result result;
    private boolean closed;

    HandTape(TrainedLayers pass, TrainedLayers.Result result) {
      this.pass = pass;
      this.result = result;
    }

    @Override
    public Tensor output() {
      return result.hidden();
    }

    @Override
    public @Nullable Tensor backward(Tensor gradient) {
      var sums = new LinkedHashMap<String, Tensor>();
      try (var typed = typed(gradient)) {
        var out = pass.backward(result.tape(), typed, sums);
        sums.forEach(variables::addGradient);
        return out;
      } finally {
        sums.values().forEach(Tensor::close);
      }
    }

    @Override
    public void close() {
      if (!closed) {
        closed = true;
        result.tape().close();
        result.hidden().close();
      }
    }
  }

  /** Counts the backward pass of a tape of this span. */
  private final class Counted implements Tape {
    private final Tape tape;
    private final boolean below;

    Counted(Tape tape, boolean below) {
      this.tape = tape;
      this.below = below;
    }

    @Override
    public Tensor output() {
      return tape.output();
    }

    @Override
    public @Nullable Tensor backward(Tensor gradient) {
      long b = output().size(0);
      long t = output().size(1);
      Tensor out = tape.backward(gradient);
      var meter = Meter.here();
      for (int i : indices) {
        meter.add(stepped.backward(i, b, t, below || i > indices[0]));
      }
      meter.boundary();
      return out;
    }

    @Override
    public void close() {
      tape.close();
    }
  }
}
