package dev.anabranch.torch.internal;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import dev.anabranch.torch.Picture;
import java.util.List;
import org.bytedeco.pytorch.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * A published architecture: which variables it has, and how it computes with them. It is cut
 * between any two layers; what flows between them is one tensor whose first axis is the sample.
 * Autograd differentiates it, and a {@link Pass} supplies whatever a parameterisation lays on it,
 * so one file per architecture is all that is needed.
 *
 * <p>Immutable and without state of a call: any number of threads use one object.
 */
public interface Family {
  /** As in {@code model_type}. */
  String name();

  int layers();

  /** d, the size of a position's vector where a soft prompt joins. */
  int width();

  /** What the names of a layer's variables begin with, such as {@code model.layers.3.}. */
  String at(int layer);

  /** Variables before the first layer, in the order of the wire. */
  List<TensorSpec> input();

  /** Variables of one layer, in the order of the wire. */
  List<TensorSpec> layer(int index);

  /**
   * Variables after the last layer, in the order of the wire. A matrix that is tied to one of
   * {@link #input()} stands here too, under that name.
   */
  List<TensorSpec> output();

  /**
   * Names in {@link #output()} of the task's head: drawn anew if the checkpoint does not have it in
   * this shape.
   */
  List<String> head();

  /**
   * Whether every position is scored by a head that is part of the pre-trained model and tells the
   * next token. Otherwise the head is a classifier, which is trained beside whatever else is.
   */
  default boolean languageModel() {
    return false;
  }

  /** What it reads; null: tokens. */
  default @Nullable Picture picture() {
    return null;
  }

  /** Whether inputs are images; otherwise they are tokens. */
  default boolean images() {
    return picture() != null;
  }

  /**
   * How the head reads the hidden states, where the architecture says so; null: as the task does.
   */
  default @Nullable Pooling pooling() {
    return null;
  }

  /** Whether what leaves any layer may enter any later one, so that layers can be passed by. */
  default boolean passable() {
    return true;
  }

  /** Whether frozen weights may be kept in half the bytes. */
  default boolean halves() {
    return true;
  }

  /** Writes what a variable that no checkpoint gives begins with, the same for the same seed. */
  default void draw(TensorSpec spec, Tensor into, long seed) {
    Init.draw(spec, into, null, seed);
  }

  /** The linear maps of a layer that a low-rank update can stand beside. */
  List<LinearMap> maps(int layer);

  /**
   * What low-rank updates stand beside if a plan names nothing: PEFT's choice for this family, or
   * for BERT where it has none.
   */
  default List<String> adapted() {
    return BertShapes.ADAPTED;
  }

  /** Whether this architecture has a place for such a parameterisation. */
  default boolean takes(Parameterisation part) {
    return switch (part) {
      case Parameterisation.Frozen f -> true;
      case Parameterisation.Everything e -> true;
      case Parameterisation.HeadOnly h -> true;
      case Parameterisation.Biases b -> true;
      case Parameterisation.Lora l -> true;
      case Parameterisation.SoftPrompt s -> true;
      case Parameterisation.Prefix p -> keyWidth() > 0;
      case Parameterisation.Adapter a -> true;
      default -> false;
    };
  }

  /** Entries of a key, over all its heads: the width of a trained prefix; 0: no attention. */
  default int keyWidth() {
    return 0;
  }

  /** Scores for each sample or, in a language model, each position. */
  int classes();

  /** The most positions of an input, prompts among them. */
  int positions();

  /**
   * From the input to the first hidden states, [b, …].
   *
   * @param pass prompts that join the words are put there by {@link Pass#prompted}
   */
  Tensor embed(Inputs inputs, Pass pass);

  /** One layer. */
  Tensor layer(int index, Tensor hidden, Pass pass);

  /** From the last hidden states to scores: [b, classes], or [b, t, v] of a language model. */
  Tensor output(Tensor hidden, Pass pass);

  /**
   * A linear map, {@code module} below {@link #at}.
   *
   * @param module such as {@code self_attn.q_proj}; PEFT's short name is what follows its last dot
   * @param in width of its input
   * @param out width of its result
   */
  record LinearMap(String module, long in, long out) {
    /** PEFT's rule: the whole name, or its end after a dot; {@code all-linear} is every map. */
    public boolean answersTo(String target) {
      return module.equals(target) || module.endsWith("." + target) || target.equals("all-linear");
    }
  }
}
