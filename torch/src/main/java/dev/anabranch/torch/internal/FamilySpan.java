package dev.anabranch.torch.internal;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Predictor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * One segment of a model of any {@link Family}: consecutive layers of one parameterisation, with
 * the embeddings in the first and the head in the last. What its methods answer belongs to the
 * caller. Used on a lane; keeps nothing of a call.
 *
 * @param indices of the layers, ascending
 * @param first whether the input enters here
 * @param last whether the head is here
 */
record FamilySpan(Pass.Given given, List<Integer> indices, boolean first, boolean last) {
  FamilySpan(Pass.Given given, int from, int until, boolean first, boolean last) {
    this(given, IntStream.range(from, until).boxed().toList(), first, last);
  }

  /** Some of these layers; those that are elsewhere are left out. */
  FamilySpan through(int... layers) {
    var some = IntStream.of(layers).boxed().filter(indices::contains).toList();
    return new FamilySpan(given, some, first, last);
  }

  /** Rows that are scored at once where no gradient is kept: bounds the memory of wide heads. */
  private static final int ROWS = 256;

  Pass pass(int[] lengths, boolean recording, @Nullable KeyValues cache) {
    return new Pass(given, lengths, recording, cache);
  }

  /** A walk that estimates what batch norms keep. */
  Pass estimating(int[] lengths, double momentum) {
    return new Pass(given, lengths, momentum);
  }

  Family family() {
    return given.shapes().family();
  }

  int prompts() {
    return given.prompts();
  }

  /** Real positions of each sample, prompts among them; empty where an input has no padding. */
  int[] lengths(Inputs inputs) {
    return inputs instanceof Inputs.Tokens tokens
        ? Sequence.lengths(tokens, prompts())
        : new int[0];
  }

  /** From the input to hidden states. */
  Tensor embed(Inputs inputs, Pass pass) {
    try (var scope = new PointerScope()) {
      Tensor embedded = pass.promptedLate(family().embed(inputs, pass));
      return Tensors.own(new Tensor(BertLayers.cast(embedded, given.type())));
    }
  }

  /**
   * Through the layers, each in a scope of its own, so that without a gradient only one layer's
   * memory is held.
   *
   * @param hidden stays with the caller
   */
  Tensor layers(Tensor hidden, Pass pass) {
    Tensor current;
    try (var scope = new PointerScope()) {
      current = Tensors.own(new Tensor(BertLayers.cast(hidden, given.type())));
    }
    for (int i : indices) {
      Tensor next;
      try (var scope = new PointerScope()) {
        next = Tensors.own(new Tensor(family().layer(i, current, pass)));
      }
      current.close();
      current = next;
      pass.boundary();
    }
    return current;
  }

  /** Through the layers with a graph, down to the gradient of the hidden states that came in. */
  FamilyTape record(Hidden hidden) {
    var pass = pass(hidden.lengths(), true, null);
    var leaf = Tensors.own(Tensors.of(hidden.values()).set_requires_grad(true));
    return new FamilyTape(leaf, layers(leaf, pass), pass);
  }

  /** Scores in fp32: [b, classes], or [b, t, v] of a language model without prompts' positions. */
  Tensor scores(Tensor hidden, Pass pass) {
    try (var scope = new PointerScope()) {
      Tensor last =
          family().languageModel() && prompts() > 0
              ? hidden.narrow(1, prompts(), hidden.size(1) - prompts())
              : hidden;
      Tensor out = Tensors.own(new Tensor(head(last, pass)));
      pass.boundary();
      return out;
    }
  }

  private Tensor head(Tensor hidden, Pass pass) {
    if (!family().languageModel()) {
      pass.widen();
    }
    Tensor scores = family().output(BertLayers.cast(hidden, pass.type()), pass);
    return BertLayers.cast(scores, ScalarType.Float);
  }

  /** Mean cross-entropy over what is asked; null if nothing is. */
  @Nullable Tensor loss(Tensor hidden, Batch batch, Pass pass) {
    var asked = asked(hidden, batch);
    if (asked.labels.length == 0) {
      return null;
    }
    try (var scope = new PointerScope()) {
      Tensor scores = head(asked.rows(hidden, 0, asked.labels.length), pass);
      Tensor labels = labels(asked.labels, scores.size(-1));
      Tensor loss = torch.cross_entropy_loss(scores.view(labels.size(0), -1), labels);
      pass.boundary();
      return Tensors.own(loss);
    }
  }

  /** [n, v] scores of what is asked, in the scope that is open now; null if nothing is. */
  @Nullable Tensor asked(Tensor hidden, Batch batch, Pass pass) {
    var asked = asked(hidden, batch);
    int n = asked.labels.length;
    if (n == 0) {
      return null;
    }
    Tensor scores = head(asked.rows(hidden, 0, n), pass).view(n, -1);
    pass.boundary();
    return scores;
  }

  /** How a batch does, without a gradient. */
  Predictor.Score score(Tensor hidden, Batch batch, Pass pass) {
    var asked = asked(hidden, batch);
    int step = family().languageModel() ? ROWS : Math.max(1, asked.labels.length);
    int right = 0;
    double loss = 0;
    for (int at = 0; at < asked.labels.length; at += step) {
      int n = Math.min(step, asked.labels.length - at);
      try (var scope = new PointerScope()) {
        Tensor scores = head(asked.rows(hidden, at, n), pass);
        Tensor labels = labels(Arrays.copyOfRange(asked.labels, at, at + n), scores.size(-1));
        Tensor rows = scores.view(n, -1);
        right +=
            rows.argmax(new org.bytedeco.pytorch.LongOptional(1), false)
                .eq(labels)
                .sum()
                .item_int();
        loss += torch.cross_entropy_loss(rows, labels).item_double() * n;
        pass.boundary();
      }
    }
    return new Predictor.Score(right, loss, asked.labels.length);
  }

  /**
   * What the loss is asked about.
   *
   * @param rows of [b · (p + t), d] that are scored; null where each sample is scored as a whole
   */
  private record Asked(int @Nullable [] rows, int[] labels) {
    Tensor rows(Tensor hidden, int from, int n) {
      if (rows == null) {
        return hidden;
      }
      return hidden
          .reshape(-1, hidden.size(2))
          .index_select(0, Tensors.ints(Arrays.copyOfRange(rows, from, from + n), n))
          .unsqueeze(0);
    }
  }

  private Asked asked(Tensor hidden, Batch batch) {
    int[] labels = batch.labels();
    if (!family().languageModel()) {
      return new Asked(null, labels);
    }
    int b = batch.size();
    int t = (int) hidden.size(1);
    int text = t - prompts();
    if (labels.length != b * text) {
      throw new IllegalArgumentException(
          "labels: " + labels.length + " (expected: one a position, " + b + " x " + text + ")");
    }
    var rows = new ArrayList<Integer>();
    var kept = new ArrayList<Integer>();
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] >= 0) {
        rows.add(i / text * t + prompts() + i % text);
        kept.add(labels[i]);
      }
    }
    return new Asked(
        rows.stream().mapToInt(Integer::intValue).toArray(),
        kept.stream().mapToInt(Integer::intValue).toArray());
  }

  private static Tensor labels(int[] labels, long classes) {
    for (int label : labels) {
      if (label < 0 || label >= classes) {
        throw new IllegalArgumentException(
            "label: " + label + " (expected: 0 to " + (classes - 1) + ")");
      }
    }
    return Tensors.longs(Arrays.stream(labels).asLongStream().toArray(), labels.length);
  }
}
