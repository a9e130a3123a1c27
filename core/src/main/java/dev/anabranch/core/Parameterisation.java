package dev.anabranch.core;

import java.util.List;

/**
 * Which scalars of a segment are trained, and how they sit on the frozen model. Plain data; the
 * engine attaches it. Field names are those of Hugging Face PEFT.
 */
public sealed interface Parameterisation {
  /**
   * As printed into the run record, such as {@code lora(r=8,lora_alpha=16,target_modules=[query,
   * value])}.
   */
  String name();

  /** Nothing is trained. */
  @Folklore("a frozen segment")
  record Frozen() implements Parameterisation {
    @Override
    public String name() {
      return "frozen";
    }
  }

  /** Every weight of the segment. */
  @Folklore("full fine-tuning")
  record Everything() implements Parameterisation {
    @Override
    public String name() {
      return "everything";
    }
  }

  /** The classifier alone. */
  @Folklore("linear probing")
  record HeadOnly() implements Parameterisation {
    @Override
    public String name() {
      return "head";
    }
  }

  /** All bias terms, and the classifier where the segment has it. */
  @Paper(
      title =
          "BitFit: Simple Parameter-efficient Fine-tuning for Transformer-based Masked"
              + " Language-models",
      url = "https://arxiv.org/abs/2106.10199")
  record Biases() implements Parameterisation {
    @Override
    public String name() {
      return "bias";
    }
  }

  /**
   * W x + (lora_alpha / r) · B A x, with A [r, in] random and B [out, r] zero, and the classifier
   * where the segment has it.
   *
   * @param r rank
   * @param targets names of linear maps, as PEFT writes them: in BERT query, key, value,
   *     attention.output.dense, intermediate.dense, output.dense; in Llama q_proj and so on;
   *     all-linear for all of a layer, in other families than BERT; none: what PEFT adapts by
   *     default, which is query and value, q_proj and v_proj, or c_attn
   */
  @Paper(
      title = "LoRA: Low-Rank Adaptation of Large Language Models",
      url = "https://arxiv.org/abs/2106.09685")
  record Lora(int r, double alpha, List<String> targets) implements Parameterisation {
    public Lora {
      targets = List.copyOf(targets);
    }

    /** The maps that are named, or a family's usual ones if none is. */
    public List<String> targetsOr(List<String> usual) {
      return targets.isEmpty() ? usual : targets;
    }

    @Override
    public String name() {
      return "lora(r=" + r + ",lora_alpha=" + alpha + ",target_modules=" + targets + ")";
    }
  }

  /**
   * A bottleneck after each layer's feed-forward part, and the classifier where the segment has it.
   */
  @Paper(
      title = "Parameter-Efficient Transfer Learning for NLP",
      url = "https://arxiv.org/abs/1902.00751")
  record Adapter(int bottleneck) implements Parameterisation {
    @Override
    public String name() {
      return "adapter(bottleneck=" + bottleneck + ")";
    }
  }

  /**
   * Trained vectors before the sequence.
   *
   * @param tokens how many
   * @param placing where they join: at the word embeddings, before positions and norm, or after the
   *     embeddings
   */
  @Paper(
      title = "The Power of Scale for Parameter-Efficient Prompt Tuning",
      url = "https://arxiv.org/abs/2104.08691")
  record SoftPrompt(int tokens, Placing placing) implements Parameterisation {
    /** Where prompts join the sequence. */
    public enum Placing {
      /** Among the word embeddings, as PEFT does: they get positions and the norm. */
      WORDS,
      /**
       * After the embeddings' norm, as in the split methods: a gradient for them is a row
       * selection.
       */
      EMBEDDED
    }

    @Override
    public String name() {
      return "prompt(num_virtual_tokens=" + tokens + ")";
    }
  }

  /** Trained keys and values before those of every layer. */
  @Paper(
      title = "Prefix-Tuning: Optimizing Continuous Prompts for Generation",
      url = "https://arxiv.org/abs/2101.00190")
  record Prefix(int tokens) implements Parameterisation {
    @Override
    public String name() {
      return "prefix(num_virtual_tokens=" + tokens + ")";
    }
  }

  /** Several at once, such as a soft prompt on a segment that is trained as a whole. */
  @Folklore("a list of the above")
  record Combined(List<Parameterisation> parts) implements Parameterisation {
    public Combined {
      parts = List.copyOf(parts);
    }

    @Override
    public String name() {
      return String.join(" + ", parts.stream().map(Parameterisation::name).toList());
    }
  }
}
