package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Block;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Tensor;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@link RecordedBlock} without values. Used on a lane. */
final class DryFamilyBlock implements Block {
  private final DryFamilyModel model;
  private final String segment;
  private @Nullable Tensor input;
  private long kept;

  DryFamilyBlock(DryFamilyModel model, String segment) {
    this.model = model;
    this.segment = segment;
  }

  private Sample sample(Hidden hidden) {
    int[] none = new int[0];
    var inputs =
        model.family().images()
            ? new Inputs.Images(new float[0], 1, 1, 1)
            : new Inputs.Tokens(none, 0, none, none);
    return Sample.of(model.family(), hidden, new Batch(none, inputs, none), model.prompts());
  }

  private long[] record(Hidden hidden) {
    close();
    var sample = sample(hidden);
    var took =
        model.run(
            List.of("block forward", segment, sample.name()),
            Sample.NOTHING,
            (real, size) -> {
              try (var out = real.block(segment).forward(sample.hidden(size))) {
                return out.shape();
              }
            },
            sample.least(),
            sample.size());
    kept = took.left();
    input = hidden.values();
    return took.shape();
  }

  @Override
  public Tensor forward(Hidden hidden) {
    long[] one = record(hidden);
    long t = model.family().images() ? one[1] : hidden.values().size(1);
    return model.handed(hidden.values().size(0), t, one[2]);
  }

  @Override
  @SuppressWarnings("ReferenceEquality") // the very object that came in, not an equal one
  public Tensor backward(Hidden hidden, Tensor gradient) {
    if (input != hidden.values()) {
      record(hidden);
    }
    var sample = sample(hidden);
    var in = new AtomicReference<@Nullable Hidden>();
    var out = new AtomicReference<long @Nullable []>();
    model.run(
        List.of("block backward", segment, sample.name()),
        (real, size) -> {
          var some = sample.hidden(size);
          try (var values = real.block(segment).forward(some)) {
            in.set(some);
            out.set(values.shape());
            return values.shape();
          }
        },
        (real, size) -> {
          var some = Objects.requireNonNull(in.get());
          try (var zeros = Tensor.zeros(Objects.requireNonNull(out.get()));
              var inner = real.block(segment).backward(some, zeros)) {
            return inner.shape();
          }
        },
        sample.least(),
        sample.size());
    kept = 0;
    input = null;
    return model.handed(hidden.values().shape());
  }

  /** Closing twice is allowed. */
  void close() {
    model.release(kept);
    kept = 0;
    input = null;
  }
}
