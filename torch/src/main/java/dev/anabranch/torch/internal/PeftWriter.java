package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.PeftFolder;
import dev.anabranch.torch.files.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Writes a PEFT adapter folder of a model. */
public final class PeftWriter {
  private PeftWriter() {}

  /** Writes settings and values. */
  public static void write(Path folder, PeftFolder adapter, PeftLayout layout) {
    var how = adapter.how();
    var tensors = new LinkedHashMap<String, Tensor>();
    var config = new LinkedHashMap<String, @Nullable Object>();
    config.put("base_model_name_or_path", adapter.base());
    config.put("inference_mode", true);
    config.put("modules_to_save", layout.saved().isEmpty() ? null : layout.saved());
    config.put("revision", null);
    config.put("task_type", layout.task());
    switch (how) {
      case Parameterisation.Lora lora -> {
        adapter
            .variables()
            .specs()
            .forEach(spec ->
                tensors.put(layout.lora(spec.name()), adapter.variables().get(spec.name())));
        lora(lora, adapter.variables(), layout, config);
      }
      case Parameterisation.SoftPrompt prompt
          when prompt.placing() == Parameterisation.SoftPrompt.Placing.WORDS -> {
        virtual(adapter.variables(), prompt.tokens(), layout, tensors);
        config.put("peft_type", "PROMPT_TUNING");
        config.put("prompt_tuning_init", "RANDOM");
        config.put("prompt_tuning_init_text", null);
        config.put("tokenizer_name_or_path", null);
        sizes(prompt.tokens(), layout.width(), layout, config);
      }
      case Parameterisation.Prefix prefix -> {
        virtual(adapter.variables(), prefix.tokens(), layout, tensors);
        config.put("peft_type", "PREFIX_TUNING");
        config.put("prefix_projection", false);
        config.put("encoder_hidden_size", layout.keyWidth());
        sizes(prefix.tokens(), layout.keyWidth(), layout, config);
      }
      default ->
          throw AnabranchException.expected(
              Failure.UNSUPPORTED,
              "trained",
              how.name(),
              "lora, prompt or prefix, for which PEFT has a form; '--to merged' writes the whole"
                  + " model");
    }
    store(folder, config, tensors);
  }

  private static void store(
      Path folder, Map<String, @Nullable Object> config, Map<String, Tensor> tensors) {
    try (var all = TensorMap.of(tensors)) {
      SafeTensors.write(folder.resolve(PeftFolder.WEIGHTS), all, Map.of("format", "pt"));
      Files.writeString(folder.resolve(PeftFolder.CONFIG), JsonText.of(config));
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, folder + ": " + e + " (expected: a folder that can be written)", e);
    }
  }

  private static void sizes(
      int tokens, int width, PeftLayout layout, Map<String, @Nullable Object> config) {
    config.put("num_attention_heads", layout.keyHeads());
    config.put("num_layers", layout.layers());
    config.put("num_transformer_submodules", 1);
    config.put("num_virtual_tokens", tokens);
    config.put("token_dim", width);
  }

  private static void lora(
      Parameterisation.Lora lora,
      TensorMap variables,
      PeftLayout layout,
      Map<String, @Nullable Object> config) {
    config.put("peft_type", "LORA");
    config.put("r", lora.r());
    config.put("lora_alpha", lora.alpha());
    config.put("lora_dropout", 0.0);
    config.put("target_modules", targets(variables, layout));
    config.put("bias", "none");
    config.put("fan_in_fan_out", false);
    config.put("init_lora_weights", true);
    config.put("use_rslora", false);
    config.put("use_dora", false);
    config.put("rank_pattern", Map.of());
    config.put("alpha_pattern", Map.of());
    config.put("layers_to_transform", null);
    config.put("layers_pattern", null);
  }

  /**
   * The names of the linear maps where those are enough, else a regular expression: PEFT compares
   * ends of names, by which {@code output.dense} is two maps of a layer.
   */
  private static Object targets(TensorMap variables, PeftLayout layout) {
    var layers = new LinkedHashSet<String>();
    var modules = new LinkedHashSet<String>();
    for (int i = 0; i < layout.layers(); i++) {
      for (var module : layout.modules()) {
        if (variables.has(layout.at(i) + module + ".lora_A")) {
          layers.add(layout.checkpoint(layout.at(i)));
          modules.add(module);
        }
      }
    }
    var all = Set.copyOf(layout.modules());
    boolean plain = modules.stream().allMatch(module -> layout.alone(module, all));
    return plain && layers.size() == layout.layers()
        ? modules.stream().map(m -> m.substring(m.lastIndexOf('.') + 1)).toList()
        : "(" + either(layers) + ")(" + either(modules) + ")";
  }

  private static String either(Set<String> names) {
    return String.join("|", names).replace(".", "\\.");
  }

  /** Prompt [p, d], or keys and values of all layers side by side [p, layers · 2 · d]. */
  private static void virtual(
      TensorMap variables, int p, PeftLayout layout, Map<String, Tensor> tensors) {
    var parts = new LinkedHashMap<String, float[]>();
    for (var spec : variables.specs()) {
      if (PeftLayout.isVirtual(spec.name())) {
        parts.put(spec.name(), variables.get(spec.name()).toArray());
      } else {
        tensors.put(layout.beside(spec.name()), variables.get(spec.name()));
      }
    }
    var values = List.copyOf(parts.values());
    int d = values.getFirst().length / p;
    float[] all = new float[p * values.size() * d];
    for (int i = 0; i < values.size(); i++) {
      for (int row = 0; row < p; row++) {
        System.arraycopy(values.get(i), row * d, all, (row * values.size() + i) * d, d);
      }
    }
    tensors.put(PeftLayout.PROMPTS, Tensor.of(all, p, (long) values.size() * d));
  }
}
