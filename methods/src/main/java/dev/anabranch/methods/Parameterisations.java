package dev.anabranch.methods;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Parameterisation;
import java.util.List;

/** What a plan can choose to train, under the names and keys of Hugging Face PEFT. */
public final class Parameterisations {
  private static final Knob.Int R = new Knob.Int("r", 8, 1, 4096, "rank");
  private static final Knob.Real ALPHA =
      new Knob.Real("lora_alpha", 16, 0, 1e6, "the update is scaled by lora_alpha / r");
  private static final Knob.Words TARGETS =
      new Knob.Words(
          "target_modules",
          List.of(),
          "of query, key, value, attention.output.dense, intermediate.dense, output.dense; in other"
              + " families by their names, such as q_proj or c_attn; all-linear: all of them; none:"
              + " PEFT's choice, such as query and value or q_proj and v_proj");
  private static final Knob.Int BOTTLENECK =
      new Knob.Int("bottleneck", 64, 1, 65_536, "width of the adapter");
  private static final Knob.Int TOKENS =
      new Knob.Int("num_virtual_tokens", 20, 1, 1024, "trained vectors before the sequence");
  private static final Knob.Int PREFIX_TOKENS =
      new Knob.Int(
          "num_virtual_tokens", 40, 1, 1024, "trained keys and values before each layer's");

  /** Every kind that trains something. */
  public static final List<Kind<Parameterisation>> KINDS =
      List.of(
          new Kind<>(
              "everything",
              List.of("full", "all"),
              "full fine-tuning",
              List.of(),
              s -> new Parameterisation.Everything()),
          new Kind<>(
              "head",
              List.of("linear", "classifier"),
              "the classifier alone",
              List.of(),
              s -> new Parameterisation.HeadOnly()),
          new Kind<>(
              "bias",
              List.of("bitfit", "biases"),
              "all bias terms and the classifier",
              List.of(),
              s -> new Parameterisation.Biases()),
          Kind.of(
              "lora",
              "low-rank updates and the classifier",
              List.of(R, ALPHA, TARGETS),
              s -> new Parameterisation.Lora(s.integer(R), s.real(ALPHA), s.words(TARGETS))),
          Kind.of(
              "adapter",
              "a bottleneck after each layer and the classifier",
              List.of(BOTTLENECK),
              s -> new Parameterisation.Adapter(s.integer(BOTTLENECK))),
          new Kind<>(
              "prompt",
              List.of("prompt_tuning", "soft-prompt"),
              "trained vectors among the word embeddings, and the classifier",
              List.of(TOKENS),
              s ->
                  new Parameterisation.SoftPrompt(
                      s.integer(TOKENS), Parameterisation.SoftPrompt.Placing.WORDS)),
          new Kind<>(
              "prefix",
              List.of("prefix_tuning"),
              "trained keys and values in every layer, and the classifier",
              List.of(PREFIX_TOKENS),
              s -> new Parameterisation.Prefix(s.integer(PREFIX_TOKENS))));

  private Parameterisations() {}

  /** The knob that chooses one. */
  public static Knob.OneOf knob(String standard) {
    return new Knob.OneOf("parameterisation", standard, KINDS, "what is trained");
  }
}
