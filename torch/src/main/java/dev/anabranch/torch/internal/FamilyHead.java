package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Head;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Tensor;
import java.util.Arrays;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/** The first segment of a split model. Keeps the graph of its last forward. Used on a lane. */
final class FamilyHead implements Head, AutoCloseable {
  private final FamilySpan span;
  private @Nullable FamilyTape kept;
  private @Nullable Batch of;

  FamilyHead(FamilySpan span) {
    this.span = span;
  }

  private FamilyTape record(Batch batch) {
    close();
    int[] lengths = span.lengths(batch.inputs());
    var pass = span.pass(lengths, true, null);
    try (var embedded = span.embed(batch.inputs(), pass)) {
      var made = new FamilyTape(null, span.layers(embedded, pass), pass);
      kept = made;
      of = batch;
      return made;
    }
  }

  @Override
  public Hidden forward(Batch batch) {
    Meter.here();
    try (var scope = new PointerScope()) {
      var values = Tensors.value(record(batch).output());
      int[] lengths = span.lengths(batch.inputs());
      return new Hidden(values, lengths.length == 0 ? FamilyTape.whole(values) : lengths);
    }
  }

  @Override
  public void backward(Batch batch, Tensor gradient) {
    Meter.here();
    try (var scope = new PointerScope()) {
      var tape = kept;
      if (tape == null || of == null || !Arrays.equals(of.rows(), batch.rows())) {
        tape = record(batch);
      }
      Shapes.require("gradient", gradient, tape.output());
      tape.backward(Tensors.of(gradient));
      close();
    }
  }

  @Override
  public void close() {
    if (kept != null) {
      kept.close();
    }
    kept = null;
    of = null;
  }
}
