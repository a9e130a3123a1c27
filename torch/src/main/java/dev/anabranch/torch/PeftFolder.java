package dev.anabranch.torch;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.internal.PeftLayout;
import dev.anabranch.torch.internal.PeftReader;
import dev.anabranch.torch.internal.PeftWriter;
import java.nio.file.Path;
import java.util.List;

/**
 * An adapter as Hugging Face PEFT keeps it: {@code adapter_config.json} and {@code
 * adapter_model.safetensors}. LoRA, prompt tuning and prefix tuning are read and written.
 *
 * <p>Differs: LoRA with rank-stabilised scaling, {@code lora_alpha / √r}, is read as plain LoRA
 * with {@code lora_alpha · √r}, which is the same function.
 *
 * @param base {@code base_model_name_or_path}
 * @param how what is trained, as a plan would say it
 * @param variables all trained variables under their names in the model, the classifier among them
 */
public record PeftFolder(String base, Parameterisation how, TensorMap variables) {
  /** The name of the settings in the folder. */
  public static final String CONFIG = "adapter_config.json";

  /** The name of the values in the folder. */
  public static final String WEIGHTS = "adapter_model.safetensors";

  /**
   * Reads an adapter for a model.
   *
   * @throws dev.anabranch.core.AnabranchException MODEL if there is none or it is not for this
   *     model, UNSUPPORTED if it is of a kind that is not known here, CORRUPT if a file is damaged
   */
  public static PeftFolder read(Path folder, ModelSource source, TorchEngine.Task task) {
    return new PeftReader(folder, PeftLayout.of(source, task)).read();
  }

  /** Names and shapes of all that a use of a model trains. */
  public static List<TensorSpec> trained(ModelSource source, TorchEngine.Task task, ModelUse use) {
    return PeftLayout.of(source, task).trained(use);
  }

  /**
   * Writes this adapter into a folder that exists.
   *
   * @throws dev.anabranch.core.AnabranchException UNSUPPORTED if PEFT has no form for it, STORAGE
   *     if the folder cannot be written
   */
  public void write(Path folder, ModelSource source, TorchEngine.Task task) {
    PeftWriter.write(folder, this, PeftLayout.of(source, task));
  }
}
