package dev.anabranch.torch.internal;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.TorchEngine;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * How the variables of a model are called in the files of Hugging Face: in {@code transformers}'
 * class for the task, and by PEFT, which puts its own names around those.
 */
public interface PeftLayout {
  /** The tensor of a soft prompt, or of a prefix. */
  String PROMPTS = "prompt_embeddings";

  /** PEFT's word for the task. */
  String task();

  /** Modules that are saved whole beside an adapter. */
  List<String> saved();

  /** Names and shapes of all that a use trains, in the order of the wire. */
  List<TensorSpec> trained(ModelUse use);

  /** The name of one of our variables in {@code transformers}' class. */
  String checkpoint(String ours);

  int layers();

  /** What the names of a layer's variables begin with here. */
  String at(int layer);

  /** Linear maps of a layer, by their names below {@link #at}. */
  List<String> modules();

  /** What a plan's {@code target_modules} calls one of these. */
  String target(String module);

  /** LoRA's scale, lora_alpha / r, for one of these. */
  double scale(Parameterisation how, String module);

  /** Width of a soft prompt. */
  int width();

  /** Width of a prefix' keys in one layer, and in how many heads. */
  int keyWidth();

  int keyHeads();

  /** The most positions. */
  int positions();

  /** What is trained if the whole model is trained so. */
  default List<TensorSpec> trained(Parameterisation how) {
    return trained(
        new ModelUse(Partition.whole(layers(), NodeId.Role.DEVICE), Map.of("whole", how)));
  }

  /** The name of a variable in a LoRA adapter's file. */
  default String lora(String ours) {
    return "base_model.model." + checkpoint(ours) + (isLora(ours) ? ".weight" : "");
  }

  /** The name of a variable beside a prompt or prefix in the adapter's file. */
  default String beside(String ours) {
    return "base_model." + checkpoint(ours);
  }

  static boolean isLora(String ours) {
    return ours.endsWith(".lora_A") || ours.endsWith(".lora_B");
  }

  /** Whether a variable is part of a prompt or prefix. */
  static boolean isVirtual(String ours) {
    return ours.equals(BertShapes.PROMPT) || ours.contains(".prefix.");
  }

  /** The layout of a model on disk. */
  static PeftLayout of(ModelSource source, TorchEngine.Task task) {
    if (Formats.isBert(source)) {
      try (var checkpoint = Checkpoint.open(source.file(), source.keepLayers())) {
        return new Bert(checkpoint.config().shapes(task.classes()));
      }
    }
    try (var stored = Formats.open(source)) {
      var config = new ConfigMap(stored.name(), stored.config());
      return new OfFamily(new FamilyShapes(Families.of(config, task)), config);
    }
  }

  /** Of a BERT classifier. */
  record Bert(BertShapes shapes) implements PeftLayout {
    @Override
    public String task() {
      return "SEQ_CLS";
    }

    @Override
    public List<String> saved() {
      return List.of("classifier");
    }

    @Override
    public List<TensorSpec> trained(ModelUse use) {
      return shapes.trained(use);
    }

    @Override
    public String checkpoint(String ours) {
      return ours.startsWith("classifier.") ? ours : "bert." + ours;
    }

    @Override
    public int layers() {
      return shapes.layers();
    }

    @Override
    public String at(int layer) {
      return BertShapes.layer(layer);
    }

    @Override
    public List<String> modules() {
      return BertShapes.LORA_TARGETS.stream().map(BertShapes::module).toList();
    }

    @Override
    public String target(String module) {
      return BertShapes.target(module);
    }

    @Override
    public double scale(Parameterisation how, String module) {
      return BertShapes.flat(how).stream()
          .filter(Parameterisation.Lora.class::isInstance)
          .map(Parameterisation.Lora.class::cast)
          .filter(lora -> BertShapes.adapts(lora, module))
          .mapToDouble(lora -> lora.alpha() / lora.r())
          .findFirst()
          .orElse(0);
    }

    @Override
    public int width() {
      return shapes.width();
    }

    @Override
    public int keyWidth() {
      return shapes.width();
    }

    @Override
    public int keyHeads() {
      return shapes.heads();
    }

    @Override
    public int positions() {
      return shapes.positions();
    }
  }

  /** Of any other family, whose variables have the names of the checkpoint. */
  record OfFamily(FamilyShapes shapes, ConfigMap config) implements PeftLayout {
    @Override
    public String task() {
      return shapes.family().languageModel() ? "CAUSAL_LM" : "SEQ_CLS";
    }

    @Override
    public List<String> saved() {
      return shapes.family().languageModel() ? List.of() : List.of("classifier");
    }

    @Override
    public List<TensorSpec> trained(ModelUse use) {
      return shapes.trained(use);
    }

    @Override
    public String checkpoint(String ours) {
      return ours;
    }

    @Override
    public int layers() {
      return shapes.family().layers();
    }

    @Override
    public String at(int layer) {
      return shapes.family().at(layer);
    }

    @Override
    public List<String> modules() {
      return shapes.family().maps(0).stream().map(Family.LinearMap::module).toList();
    }

    @Override
    public String target(String module) {
      var last = module.substring(module.lastIndexOf('.') + 1);
      boolean alone = modules().stream().filter(m -> m.endsWith("." + last)).count() == 1;
      return alone ? last : module;
    }

    @Override
    public double scale(Parameterisation how, String module) {
      return shapes.loraScale(how, module);
    }

    @Override
    public int width() {
      return shapes.family().width();
    }

    @Override
    public int keyWidth() {
      return shapes.family().keyWidth();
    }

    @Override
    public int keyHeads() {
      return config.size(
          "num_key_value_heads", config.size("num_attention_heads", config.size("n_head", 1)));
    }

    @Override
    public int positions() {
      return shapes.family().positions();
    }
  }

  /** Whether the last part of a module's name is that of no other. */
  default boolean alone(String module, Set<String> all) {
    var last = module.substring(module.lastIndexOf('.') + 1);
    return all.stream().filter(m -> m.equals(last) || m.endsWith("." + last)).count() == 1;
  }
}
