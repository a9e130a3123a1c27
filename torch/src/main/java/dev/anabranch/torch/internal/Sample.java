package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Tensor;
import java.util.Arrays;
import java.util.List;

/**
 * Inputs of any size that cost what given ones would: zeros of the same kind.
 *
 * @param images an input of the same height and width; null for texts
 * @param language whether each position has a label
 * @param prompts positions before a text's
 * @param padded whether some positions are padding
 * @param asked whether anything is scored
 * @param width entries of a position's vector
 * @param entered whether the input is a text or an image; else it is hidden states
 */
record Sample(
    Inputs like,
    boolean language,
    int prompts,
    boolean padded,
    boolean asked,
    long width,
    boolean entered,
    Probe.Size size) {
  static final long[] NO_SHAPE = {};
  static final Probe.Work NOTHING = (model, size) -> NO_SHAPE;

  /** From the input on. */
  static Sample of(Family family, Batch batch, int prompts) {
    int n = asked(family, batch.labels());
    int t = batch.inputs() instanceof Inputs.Tokens tokens ? tokens.width() : 1;
    return new Sample(
        batch.inputs(),
        family.languageModel(),
        prompts,
        Probe.padded(batch.inputs()),
        n > 0,
        0,
        true,
        new Probe.Size(batch.size(), t, n));
  }

  /** From a cut on. */
  static Sample of(Family family, Hidden hidden, Batch batch, int prompts) {
    int n = asked(family, batch.labels());
    int t = Math.toIntExact(hidden.values().size(1));
    return new Sample(
        batch.inputs(),
        family.languageModel(),
        prompts,
        Arrays.stream(hidden.lengths()).anyMatch(length -> length < t),
        n > 0,
        hidden.values().size(2),
        false,
        new Probe.Size(hidden.lengths().length, t, n));
  }

  private static int asked(Family family, int[] labels) {
    return family.languageModel() ? (int) Arrays.stream(labels).filter(l -> l >= 0).count() : 1;
  }

  /** What costs depend on beside the size. */
  List<Object> name() {
    return images() && !entered
        ? List.of(padded, asked, width, size.t())
        : List.of(padded, asked, width);
  }

  boolean images() {
    return like instanceof Inputs.Images;
  }

  /** Positions from which texts cost as longer ones do; 0 for images. */
  int least() {
    return images() ? 0 : 2 + (entered ? 0 : prompts);
  }

  /** A batch of another size. */
  Batch batch(Probe.Size other) {
    int[] rows = new int[other.b()];
    if (like instanceof Inputs.Images i) {
      var zeros = new float[other.b() * i.channels() * i.height() * i.width()];
      return new Batch(rows, new Inputs.Images(zeros, i.channels(), i.height(), i.width()), rows);
    }
    int t = other.t() - (entered ? 0 : prompts);
    int[] lengths = new int[other.b()];
    Arrays.fill(lengths, padded ? t - 1 : t);
    int[] ids = new int[other.b() * t];
    int[] labels = new int[language ? ids.length : other.b()];
    if (language) {
      Arrays.fill(labels, asked ? other.n() : 0, labels.length, -1);
    }
    return new Batch(rows, new Inputs.Tokens(ids, t, lengths, ids), labels);
  }

  /** Hidden states of another size. */
  Hidden hidden(Probe.Size other) {
    int[] lengths = new int[other.b()];
    Arrays.fill(lengths, padded ? other.t() - 1 : other.t());
    return new Hidden(Tensor.zeros(other.b(), other.t(), width), lengths);
  }
}
