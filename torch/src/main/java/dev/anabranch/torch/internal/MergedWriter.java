package dev.anabranch.torch.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.BertShapes;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Writes a BERT classifier as a Hugging Face folder: {@code config.json}, {@code
 * model.safetensors}, {@code tokenizer.json}. Trained weights take the place of the pre-trained
 * ones, and LoRA becomes W + (lora_alpha / r) · B A.
 */
public record MergedWriter(
    Path folder,
    ModelSource source,
    TorchEngine.Task task,
    List<String> classes,
    ModelUse use,
    TensorMap trained) {

  /**
   * @param architecture the class that reads the folder
   * @param code where that class is if it is none of {@code transformers}' own, else empty
   */
  public void write(String architecture, String code) {
    for (var how : use.trained().values()) {
      BertShapes.flat(how).forEach(MergedWriter::requireWeights);
    }
    LibTorch.boot();
    try (var checkpoint = Checkpoint.open(source.file());
        var scope = new PointerScope();
        var frozen = new NoGradGuard()) {
      var shapes = checkpoint.config().shapes(classes.size());
      SafeTensors.write(
          folder.resolve("model.safetensors"), tensors(checkpoint, shapes), Map.of("format", "pt"));
      Files.writeString(
          folder.resolve("config.json"),
          JsonText.of(config(shapes, checkpoint.config().eps(), architecture, code)));
      tokenizer();
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

  private Map<String, Tensor> tensors(Checkpoint checkpoint, BertShapes shapes) {
    var out = new LinkedHashMap<String, Tensor>();
    for (var spec : shapes.pretrained()) {
      out.put(PeftNames.checkpoint(spec.name()), merged(checkpoint, spec));
    }
    if (task.pooling() == Pooling.POOLER) {
      for (var name : List.of("pooler.dense.weight", "pooler.dense.bias")) {
        out.put(PeftNames.checkpoint(name), checkpoint.view(name));
      }
    }
    for (var name : List.of("classifier.weight", "classifier.bias")) {
      out.put(name, Tensors.of(trained.get(name)));
    }
    return out;
  }

  private Tensor merged(Checkpoint checkpoint, TensorSpec spec) {
    if (trained.has(spec.name())) {
      return Tensors.of(trained.get(spec.name()));
    }
    var weight = checkpoint.view(spec.name());
    if (!spec.name().endsWith(".weight")) {
      return weight;
    }
    var at = spec.name().substring(0, spec.name().length() - ".weight".length());
    if (!trained.has(at + ".lora_A")) {
      return weight;
    }
    Tensor a = Tensors.of(trained.get(at + ".lora_A")); // [r, in]
    Tensor b = Tensors.of(trained.get(at + ".lora_B")); // [out, r]
    return weight.add(b.mm(a), new Scalar(alpha(at + ".lora_A") / a.size(0)));
  }

  private double alpha(String name) {
    int layer = Integer.parseInt(PeftNames.layer(name).replaceAll("\\D", ""));
    return use.partition().segments().stream()
        .filter(segment -> segment.from() <= layer && layer < segment.until())
        .map((Partition.Segment segment) ->
            BertShapes.loraAlpha(use.of(segment), PeftNames.module(name)))
        .findFirst()
        .orElseThrow();
  }

  private Map<String, Object> config(
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
    var labels = new LinkedHashMap<String, Object>();
    var indices = new LinkedHashMap<String, Object>();
    for (int i = 0; i < classes.size(); i++) {
      labels.put(Integer.toString(i), classes.get(i));
      indices.put(classes.get(i), i);
    }
    config.put("id2label", labels);
    config.put("label2id", indices);
    return config;
  }

  private void tokenizer() throws IOException {
    if (!Files.isRegularFile(source.tokenizer())) {
      return;
    }
    Files.copy(source.tokenizer(), folder.resolve("tokenizer.json"));
    Files.writeString(
        folder.resolve("tokenizer_config.json"),
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
