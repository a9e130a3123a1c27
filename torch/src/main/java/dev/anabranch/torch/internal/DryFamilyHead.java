package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/** {@link FamilyHead} without values. Used on a lane. */
final class DryFamilyHead implements Head {
  private final DryFamilyModel model;
  private @Nullable Batch of;
  private long kept;

  DryFamilyHead(DryFamilyModel model) {
    this.model = model;
  }

  /** Gives the shape of the hidden states of one sample. */
  private long[] record(Batch batch) {
    close();
    var sample = Sample.of(model.family(), batch, model.prompts());
    var took =
        model.run(
            List.of("head forward", sample.name()),
            Sample.NOTHING,
            (real, size) -> {
              try (var out = real.head().forward(sample.batch(size)).values()) {
                return out.shape();
              }
            },
            sample.least(),
            sample.size());
    kept = took.left();
    of = batch;
    return took.shape();
  }

  @Override
  public Hidden forward(Batch batch) {
    long[] one = record(batch);
    boolean text = batch.inputs() instanceof Inputs.Tokens;
    long t = batch.inputs() instanceof Inputs.Tokens k ? k.width() + model.prompts() : one[1];
    int[] lengths = new int[batch.size()];
    Arrays.fill(lengths, Math.toIntExact(t));
    return new Hidden(
        model.handed(batch.size(), t, one[2]),
        text ? Sequence.lengths(Sequence.tokens(batch.inputs()), model.prompts()) : lengths);
  }

  @Override
  public void backward(Batch batch, Tensor gradient) {
    if (of == null || !Arrays.equals(of.rows(), batch.rows())) {
      record(batch);
    }
    var sample = Sample.of(model.family(), batch, model.prompts());
    var shape = new AtomicReference<long @Nullable []>();
    model.run(
        List.of("head backward", sample.name()),
        (real, size) -> {
          try (var out = real.head().forward(sample.batch(size)).values()) {
            shape.set(out.shape());
            return out.shape();
          }
        },
        (real, size) -> {
          try (var zeros = Tensor.zeros(Objects.requireNonNull(shape.get()))) {
            real.head().backward(sample.batch(size), zeros);
            return Sample.NO_SHAPE;
          }
        },
        sample.least(),
        sample.size());
    kept = 0;
    of = null;
  }

  /** Closing twice is allowed. */
  void close() {
    model.release(kept);
    kept = 0;
    of = null;
  }
}
