package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.TorchEngine;
import dev.anabranch.torch.files.Encoding;
import dev.anabranch.torch.files.SafeTensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Writes a model as a Hugging Face folder: {@code config.json}, {@code model.safetensors}, {@code
 * tokenizer.json}. Trained weights take the place of the pre-trained ones, and LoRA becomes W +
 * (lora_alpha / r) · B A.
 */
public record MergedWriter(
    Path folder,
    ModelSource source,
    TorchEngine.Task task,
    List<String> classes,
    ModelUse use,
    TensorMap trained) {
  /** Small files that lie beside a model and say how text becomes tokens and tokens text. */
  private static final List<String> BESIDE =
      List.of("tokenizer_config.json", "special_tokens_map.json", "generation_config.json");

  /**
   * @param architecture the class that reads the folder, of a BERT classifier
   * @param code where that class is if it is none of {@code transformers}' own, else empty
   */
  public void write(String architecture, String code) {
    for (var how : use.trained().values()) {
      BertShapes.flat(how).forEach(MergedWriter::requireWeights);
    }
    LibTorch.boot();
    var layout = PeftLayout.of(source, task);
    try (var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      if (layout instanceof PeftLayout.Bert bert) {
        bert(bert, architecture, code);
      } else if (layout instanceof PeftLayout.OfFamily family) {
        family(family);
      }
      tokenizer(layout);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, folder + ": " + e + " (expected: a folder that can be written)", e);
    }
  }

  private static void requireWeights(Parameterisation how) {
    switch (how) {
      case Parameterisation.SoftPrompt p -> throw noWeights(how, "; '--to peft' writes it");
      case Parameterisation.Prefix p -> throw noWeights(how, "; '--to peft' writes it");
      case Parameterisation.Adapter a -> throw noWeights(how, "");
      default -> {}
    }
  }

  private static AnabranchException noWeights(Parameterisation how, String next) {
    return AnabranchException.expected(
        Failure.UNSUPPORTED,
        "trained",
        how.name(),
        "what can be put into the model's own weights: lora, everything, bias or head" + next);
  }

  private void bert(PeftLayout.Bert layout, String architecture, String code) throws IOException {
    try (var checkpoint = Checkpoint.open(source.file(), source.keepLayers())) {
      var specs = new ArrayList<>(layout.shapes().pretrained());
      if (task.pooling() == Pooling.POOLER) {
        int d = layout.width();
        specs.add(TensorSpec.of("pooler.dense.weight", d, d));
        specs.add(TensorSpec.of("pooler.dense.bias", d));
      }
      for (var name : List.of("classifier.weight", "classifier.bias")) {
        specs.add(TensorSpec.of(name, trained.get(name).shape()));
      }
      store(layout, specs, checkpoint::view);
      config(bertConfig(layout.shapes(), checkpoint.config().eps(), architecture, code));
    }
  }

  private void family(PeftLayout.OfFamily layout) throws IOException {
    try (var weights = new FamilyWeights(Formats.open(source), false)) {
      var family = layout.shapes().family();
      var specs = new ArrayList<>(layout.shapes().pretrained());
      family.output().stream().filter(spec -> !specs.contains(spec)).forEach(specs::add);
      store(layout, specs, name -> weights.get(name, ScalarType.Float));
      var config = new LinkedHashMap<>(layout.config().values());
      config.remove("quantization_config");
      config.remove("torch_dtype");
      config.put("dtype", "float32");
      if (!family.languageModel()) {
        config.putAll(labels());
      }
      config(config);
    }
  }

  private void store(
      PeftLayout layout, List<TensorSpec> specs, Function<String, Tensor> pretrained) {
    var out = new LinkedHashMap<String, Tensor>();
    for (var spec : specs) {
      out.put(
          layout.checkpoint(spec.name()),
          trained.has(spec.name())
              ? Tensors.of(trained.get(spec.name()))
              : pretrained.apply(spec.name()));
    }
    for (int i = 0; i < layout.layers(); i++) {
      for (var module : layout.modules()) {
        var name = layout.at(i) + module;
        if (trained.has(name + ".lora_A")) {
          out.compute(layout.checkpoint(name + ".weight"), merge(name, scale(layout, i, module)));
        }
      }
    }
    var items = new ArrayList<SafeTensors.Item>();
    out.forEach((name, tensor) -> {
      Tensor dense = tensor.contiguous();
      long[] shape = new long[(int) dense.dim()];
      java.util.Arrays.setAll(shape, dense::size);
      var spec = TensorSpec.of(name, shape);
      items.add(new SafeTensors.Item(spec, Encoding.F32, Tensors.memory(dense)));
    });
    SafeTensors.write(folder.resolve("model.safetensors"), items, Map.of("format", "pt"));
  }

  private double scale(PeftLayout layout, int layer, String module) {
    return use.partition().segments().stream()
        .filter(segment -> segment.from() <= layer && layer < segment.until())
        .mapToDouble(segment -> layout.scale(use.of(segment), module))
        .findFirst()
        .orElseThrow();
  }

  private java.util.function.BiFunction<String, Tensor, Tensor> merge(String name, double scale) {
    return (key, weight) -> {
      Tensor a = Tensors.of(trained.get(name + ".lora_A")); // [r, in]
      Tensor b = Tensors.of(trained.get(name + ".lora_B")); // [out, r]
      Tensor both = b.mm(a); // [out, in]
      boolean turned = name.startsWith("transformer.h."); // GPT-2 keeps [in, out]
      return weight.add(turned ? both.t() : both, new Scalar(scale));
    };
  }

  private Map<String, Object> bertConfig(
      BertShapes shapes, double eps, String architecture, String code) {
    var config = new LinkedHashMap<String, Object>();
    config.put("model_type", "bert");
    config.put("architectures", List.of(architecture));
    if (!code.isEmpty()) {
      config.put("auto_map", Map.of("AutoModelForSequenceClassification", code));
    }
    config.put("vocab_size", shapes.vocabulary());
    config.put("hidden_size", shapes.width());
    config.put("num_hidden_layers", shapes.layers());
    config.put("num_attention_heads", shapes.heads());
    config.put("intermediate_size", shapes.intermediate());
    config.put("max_position_embeddings", shapes.positions());
    config.put("type_vocab_size", shapes.types());
    config.put("hidden_act", "gelu");
    config.put("layer_norm_eps", eps);
    config.put("pad_token_id", 0);
    config.put("dtype", "float32");
    config.putAll(labels());
    return config;
  }

  private Map<String, Object> labels() {
    var labels = new LinkedHashMap<String, Object>();
    var indices = new LinkedHashMap<String, Object>();
    for (int i = 0; i < classes.size(); i++) {
      labels.put(Integer.toString(i), classes.get(i));
      indices.put(classes.get(i), i);
    }
    return Map.of("id2label", labels, "label2id", indices);
  }

  private void config(Map<String, Object> config) throws IOException {
    Files.writeString(folder.resolve("config.json"), JsonText.of(config));
  }

  private void tokenizer(PeftLayout layout) throws IOException {
    if (!Files.isRegularFile(source.tokenizer())) {
      return;
    }
    Files.copy(source.tokenizer(), folder.resolve("tokenizer.json"));
    for (var name : BESIDE) {
      var file = source.tokenizer().resolveSibling(name);
      if (Files.isRegularFile(file)) {
        Files.copy(file, folder.resolve(name));
      }
    }
    var settings = folder.resolve("tokenizer_config.json");
    if (layout instanceof PeftLayout.Bert && !Files.exists(settings)) {
      Files.writeString(
          settings,
          JsonText.of(
              Map.of(
                  "tokenizer_class", "PreTrainedTokenizerFast",
                  "model_max_length", task.maxTokens(),
                  "pad_token", "[PAD]",
                  "unk_token", "[UNK]",
                  "cls_token", "[CLS]",
                  "sep_token", "[SEP]")));
    }
  }
}
