package dev.anabranch.torch.internal;

import dev.anabranch.torch.BertShapes;
import java.util.List;
import java.util.Optional;

/**
 * What the variables of a BERT classifier are called in the files of Hugging Face: in {@code
 * transformers}' class for the task, and by PEFT, which puts its own names around those.
 */
public final class PeftNames {
  /** PEFT's word for the task. */
  static final String TASK = "SEQ_CLS";

  /** The module that is saved whole beside an adapter. */
  static final List<String> SAVED = List.of("classifier");

  /** The tensor of a soft prompt, or of a prefix. */
  static final String PROMPTS = "prompt_embeddings";

  private static final String LORA = "base_model.model.";
  private static final String PROMPT = "base_model.";
  private static final String ENCODER = "bert.";

  private PeftNames() {}

  /** {@code encoder.layer.0.…} as {@code bert.encoder.layer.0.…}; the classifier as it is. */
  static String checkpoint(String ours) {
    return ours.startsWith("classifier.") ? ours : ENCODER + ours;
  }

  /** The name of one variable in a LoRA adapter's file. */
  static String lora(String ours) {
    return LORA + checkpoint(ours) + (isLora(ours) ? ".weight" : "");
  }

  /** The name of the classifier's variables in the file of a prompt or prefix. */
  static String beside(String ours) {
    return PROMPT + checkpoint(ours);
  }

  static boolean isLora(String ours) {
    return ours.endsWith(".lora_A") || ours.endsWith(".lora_B");
  }

  /** {@code attention.self.query} of {@code encoder.layer.0.attention.self.query.lora_A}. */
  static String module(String ours) {
    return ours.substring(layer(ours).length(), ours.length() - ".lora_A".length());
  }

  /** {@code encoder.layer.0.} of {@code encoder.layer.0.attention.self.query.lora_A}. */
  static String layer(String ours) {
    int at = BertShapes.layer(0).length() - "0.".length();
    return ours.substring(0, ours.indexOf('.', at) + 1);
  }

  /** What a plan calls the linear map of a file's LoRA tensor; empty if it is no such tensor. */
  static Optional<String> target(String peft) {
    return BertShapes.LORA_TARGETS.stream()
        .filter(target -> {
          var module = BertShapes.module(target);
          return peft.matches(
              "base_model\\.model\\.bert\\.encoder\\.layer\\.\\d{1,4}\\."
                  + module.replace(".", "\\.")
                  + "\\.lora_[AB]\\.weight");
        })
        .findFirst();
  }
}
