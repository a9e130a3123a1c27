package dev.anabranch.torch.internal;

import dev.anabranch.core.Pooling;
import dev.anabranch.torch.BertMacs;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.jspecify.annotations.Nullable;

/**
 * From hidden states to the loss: pooling, classifier and mean cross-entropy, in fp32. Used on a
 * lane; keeps nothing of a call.
 */
final class Scorer {
  private final Pooling pooling;
  private final int prompts;
  private final int cls;
  private final Variables variables;
  private final Variables fallback;
  private final BertMacs macs;
  private final @Nullable Pooler pooler;

  /** The pre-trained pooler: weight [d, d], bias [d], in fp32. */
  record Pooler(Tensor weight, Tensor bias) {
    void close() {
      weight.close();
      bias.close();
    }
  }

  /**
   * @param prompts soft prompt positions before the text
   * @param cls position of the classification token
   * @param variables the model's own; has the classifier if that is trained
   * @param fallback the classifier where nobody trains it
   * @param pooler for {@link Pooling#POOLER}
   */
  Scorer(
      Pooling pooling,
      int prompts,
      int cls,
      Variables variables,
      Variables fallback,
      BertMacs macs,
      @Nullable Pooler pooler) {
    this.pooler = pooler;
    this.pooling = pooling;
    this.prompts = prompts;
    this.cls = cls;
    this.variables = variables;
    this.fallback = fallback;
    this.macs = macs;
  }

  /** A loss and, if asked for, the gradient of the hidden states, which the caller owns. */
  record Scored(double loss, @Nullable Tensor gradient) {}

  /**
   * Class scores, [b, classes]; the caller owns them.
   *
   * @param hidden [b, p + t, d]
   * @param lengths [b] real positions, prompts among them
   */
  Tensor logits(Tensor hidden, int[] lengths) {
    try (var scope = new PointerScope();
        var guard = new NoGradGuard()) {
      Tensor out = Tensors.own(classify(hidden, lengths));
      Meter.here().add(forwardMacs(lengths.length));
      Meter.here().boundary();
      return out;
    }
  }

  double loss(Tensor hidden, int[] lengths, int[] labels) {
    try (var scope = new PointerScope();
        var guard = new NoGradGuard()) {
      double loss = entropy(classify(hidden, lengths), labels).item_double();
      Meter.here().add(forwardMacs(lengths.length));
      Meter.here().boundary();
      return loss;
    }
  }

  /**
   * @param labels [b]
   * @param below whether the gradient of the hidden states is needed
   */
  Scored lossAndGradient(Tensor hidden, int[] lengths, int[] labels, boolean below) {
    if (!below && !variables.steps("classifier.weight")) {
      return new Scored(loss(hidden, lengths, labels), null);
    }
    try (var scope = new PointerScope()) {
      Tensor leaf = hidden.detach();
      leaf.set_requires_grad(below);
      Tensor loss = entropy(classify(leaf, lengths), labels);
      loss.backward();
      var meter = Meter.here();
      meter.add(forwardMacs(lengths.length));
      meter.add(macs.classifierBackward(lengths.length, below));
      meter.add(below && pooler != null ? macs.pooler(lengths.length) : 0);
      meter.boundary();
      return new Scored(loss.item_double(), below ? Tensors.own(new Tensor(leaf.grad())) : null);
    }
  }

  private long forwardMacs(long b) {
    return macs.classifier(b) + (pooler == null ? 0 : macs.pooler(b));
  }

  private Tensor classify(Tensor hidden, int[] lengths) {
    var own = variables.has("classifier.weight") ? variables : fallback;
    return torch.linear(
        pool(hidden, lengths),
        own.get("classifier.weight"),
        new TensorOptional(own.get("classifier.bias")));
  }

  private static Tensor entropy(Tensor logits, int[] labels) {
    long classes = logits.size(1);
    long[] wide = new long[labels.length];
    for (int i = 0; i < labels.length; i++) {
      if (labels[i] < 0 || labels[i] >= classes) {
        throw new IllegalArgumentException(
            "label: " + labels[i] + " (expected: 0 to " + (classes - 1) + ")");
      }
      wide[i] = labels[i];
    }
    return torch.cross_entropy_loss(logits, Tensors.longs(wide, labels.length));
  }

  /** [b, p + t, d] to [b, d]. */
  private Tensor pool(Tensor hidden, int[] lengths) {
    return switch (pooling) {
      case CLS -> first(hidden);
      case POOLER -> pooler(first(hidden));
      case PROMPT -> BertLayers.cast(hidden.narrow(1, 0, prompts), ScalarType.Float).mean(1);
      case NONE -> throw new IllegalStateException("pooling: none (expected: a classifier's)");
      case MEAN -> mean(BertLayers.cast(hidden, ScalarType.Float), lengths);
    };
  }

  private Tensor first(Tensor hidden) {
    return BertLayers.cast(hidden.select(1, cls), ScalarType.Float);
  }

  private Tensor pooler(Tensor first) {
    var frozen = Objects.requireNonNull(pooler);
    return torch.tanh(torch.linear(first, frozen.weight(), new TensorOptional(frozen.bias())));
  }

  private static Tensor mean(Tensor hidden, int[] lengths) {
    Tensor share = Sequence.shares(lengths, (int) hidden.size(1));
    return hidden.mul(share).sum(1);
  }
}
