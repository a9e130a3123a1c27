package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Check;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Route;
import dev.anabranch.core.ScoreLoss;
import dev.anabranch.core.Tensor;
import java.util.List;
import java.util.function.BiFunction;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.jspecify.annotations.Nullable;

/** From the input to the loss through segments that one party holds. Used on a lane. */
record FamilyRoute(List<FamilySpan> spans) implements Route {
  FamilyRoute {
    requirePassable(
        spans.getFirst().family(), spans.stream().mapToInt(s -> s.indices().size()).sum());
  }

  /**
   * Refuses a way that passes layers by where the architecture does not let it.
   *
   * @param layers on the way
   */
  static void requirePassable(Family family, int layers) {
    Check.that(
        family.passable() || layers == family.layers(),
        "model",
        family.name(),
        "one whose layers have one shape, for the method passes some of them by");
  }

  private FamilySpan last() {
    return spans.get(spans.size() - 1);
  }

  @Override
  public FamilyRoute through(int... layers) {
    Shapes.requireLayers(
        layers, spans.stream().flatMap(s -> s.indices().stream()).mapToInt(i -> i).toArray());
    return new FamilyRoute(spans.stream().map(span -> span.through(layers)).toList());
  }

  /** What a walk through all spans came to; closing it frees its memory. */
  private final class Walk implements AutoCloseable {
    private final List<Pass> passes;
    private final org.bytedeco.pytorch.Tensor hidden;

    Walk(Inputs inputs, boolean recording, @Nullable KeyValues cache) {
      this(inputs, (span, lengths) -> span.pass(lengths, recording, cache));
    }

    Walk(Inputs inputs, BiFunction<FamilySpan, int[], Pass> pass) {
      int[] lengths = spans.get(0).lengths(inputs);
      passes = spans.stream().map(span -> pass.apply(span, lengths)).toList();
      var current = spans.get(0).embed(inputs, passes.get(0));
      for (int i = 0; i < spans.size(); i++) {
        var next = spans.get(i).layers(current, passes.get(i));
        current.close();
        current = next;
      }
      hidden = current;
    }

    Pass top() {
      return passes.get(passes.size() - 1);
    }

    @Override
    public void close() {
      hidden.close();
      passes.forEach(Pass::close);
    }
  }

  @Override
  public Tensor logits(Batch batch) {
    Meter.here();
    try (var scope = new PointerScope();
        var guard = new NoGradGuard();
        var walk = new Walk(batch.inputs(), false, null);
        var scores = last().scores(walk.hidden, walk.top())) {
      return Tensors.value(scores);
    }
  }

  @Override
  public double loss(Batch batch) {
    Meter.here();
    try (var scope = new PointerScope();
        var guard = new NoGradGuard();
        var walk = new Walk(batch.inputs(), false, null)) {
      var loss = last().loss(walk.hidden, batch, walk.top());
      return loss == null ? 0 : value(loss);
    }
  }

  Predictor.Score score(Batch batch) {
    Meter.here();
    try (var scope = new PointerScope();
        var guard = new NoGradGuard();
        var walk = new Walk(batch.inputs(), false, null)) {
      return last().score(walk.hidden, batch, walk.top());
    }
  }

  @Override
  public double lossAndGradient(Batch batch) {
    var meter = Meter.here();
    try (var scope = new PointerScope();
        var walk = new Walk(batch.inputs(), true, null)) {
      var loss = last().loss(walk.hidden, batch, walk.top());
      if (loss == null) {
        return 0;
      }
      if (loss.requires_grad()) {
        loss.backward();
        walk.passes.forEach(pass -> meter.add(pass.backward()));
        meter.boundary();
      }
      return value(loss);
    }
  }

  /**
   * Moves the running means and variances of batch norms towards those of a batch.
   *
   * @param momentum the weight of the batch against what is there, above 0 to 1
   */
  void estimate(Batch batch, double momentum) {
    Meter.here();
    try (var scope = new PointerScope();
        var guard = new NoGradGuard()) {
      new Walk(batch.inputs(), (span, lengths) -> span.estimating(lengths, momentum)).close();
    }
  }

  @Override
  public double lossAndGradient(Batch batch, ScoreLoss loss) {
    var meter = Meter.here();
    try (var scope = new PointerScope();
        var walk = new Walk(batch.inputs(), true, null)) {
      var scores = last().asked(walk.hidden, batch, walk.top());
      if (scores == null) {
        return 0;
      }
      try (var values = Tensors.value(scores);
          var gradient = Tensor.zeros(values.shape())) {
        double value = loss.of(values, gradient);
        if (scores.requires_grad()) {
          scores.mul(Tensors.of(gradient)).sum().backward();
          walk.passes.forEach(pass -> meter.add(pass.backward()));
          meter.boundary();
        }
        return value;
      }
    }
  }

  private static double value(org.bytedeco.pytorch.Tensor loss) {
    try (loss) {
      return loss.item_double();
    }
  }

  /**
   * Reads more of b sequences.
   *
   * @return [b, v] scores of what comes after the last token of each; the caller owns them
   */
  Tensor read(Inputs.Tokens tokens, KeyValues cache) {
    Meter.here();
    cache.begin(tokens.lengths(), tokens.width());
    try (var scope = new PointerScope();
        var guard = new NoGradGuard();
        var walk = new Walk(tokens, false, cache);
        var ends = ends(walk.hidden, tokens);
        var scores = last().scores(ends, walk.top())) {
      cache.end(tokens.lengths());
      return Tensors.value(scores.select(1, 0));
    }
  }

  /** [b, t, d] to [b, 1, d], the last real position of each. */
  private static org.bytedeco.pytorch.Tensor ends(
      org.bytedeco.pytorch.Tensor hidden, Inputs.Tokens tokens) {
    int[] rows = new int[tokens.size()];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = i * tokens.width() + tokens.lengths()[i] - 1;
    }
    try (var scope = new PointerScope()) {
      return Tensors.own(
          hidden
              .reshape(-1, hidden.size(2))
              .index_select(0, Tensors.ints(rows, rows.length))
              .unsqueeze(1));
    }
  }
}
