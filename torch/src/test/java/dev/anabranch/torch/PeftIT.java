package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.internal.Golden;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Adapters of Hugging Face PEFT: what it wrote gives its logits here, and what we write reads back.
 */
class PeftIT {
  @TempDir private Path folder;

  private static final TorchEngine.Task TASK = new TorchEngine.Task(3, 16, Pooling.POOLER);

  private static PeftFolder read(Path folder) throws Exception {
    return PeftFolder.read(folder, Given.tiny(), TASK);
  }

  private static List<TensorSpec> trained(Parameterisation how) throws Exception {
    return PeftFolder.trained(Given.tiny(), TASK, Given.whole(3, how));
  }

  private static float[] logits(Engine engine, ModelUse use, TensorMap trained, Batch batch) {
    try (var predictor = engine.predictor(use, trained);
        var logits = predictor.logits(batch)) {
      return logits.toArray();
    }
  }

  private static void assertClose(float[] found, float[] expected) {
    assertThat(found).hasSameSizeAs(expected);
    for (int i = 0; i < expected.length; i++) {
      assertThat(found[i]).as("logit %d", i).isCloseTo(expected[i], within(1e-4f));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert-lora", "bert-prompt"})
  void whatPeftWroteGivesItsLogitsHere(String name) throws Exception {
    try (var engine = Given.tinyEngine(Pooling.POOLER, 1)) {
      var adapter = read(Given.golden(name));
      assertThat(adapter.base()).isEqualTo("../bert");
      var use = Given.whole(3, adapter.how());
      assertClose(
          logits(engine, use, adapter.variables(), Golden.batch(name)),
          Golden.floats(name, "expected", "out.logits"));
    }
  }

  private static final TorchEngine.Task LANGUAGE = new TorchEngine.Task(0, 16, Pooling.NONE);

  private static ModelSource llama() throws Exception {
    var file = Given.golden("llama/model.safetensors");
    return new ModelSource("llama", file, file.resolveSibling("tokenizer.json"), "unused");
  }

  /** PEFT scores the prompt's positions as well, before the text; padding is compared by nobody. */
  private static void assertRealClose(float[] found, String name, String file) throws Exception {
    var tokens = (Inputs.Tokens) Golden.batch(name).inputs();
    float[] expected = Golden.floats(name, file, "out.logits");
    int b = tokens.size();
    int v = found.length / tokens.ids().length;
    int wide = expected.length / v / b;
    for (int i = 0; i < b; i++) {
      for (int t = 0; t < tokens.lengths()[i]; t++) {
        int at = (i * tokens.width() + t) * v;
        int from = (i * wide + wide - tokens.width() + t) * v;
        assertClose(
            Arrays.copyOfRange(found, at, at + v), Arrays.copyOfRange(expected, from, from + v));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-lora", "llama-lora-all-linear", "llama-prompt", "llama-prefix"})
  void whatPeftWroteForADecoderGivesItsScoresHere(String name) throws Exception {
    var adapter = PeftFolder.read(Given.golden(name), llama(), LANGUAGE);
    try (var engine = Engines.open(llama(), LANGUAGE, Precision.FP32, 1)) {
      var found =
          logits(engine, Given.whole(3, adapter.how()), adapter.variables(), Golden.batch(name));
      assertRealClose(found, name, "expected");
    }
    adapter.write(folder, llama(), LANGUAGE);
    var back = PeftFolder.read(folder, llama(), LANGUAGE);
    assertThat(back.how()).isEqualTo(adapter.how());
    assertThat(back.variables().sha256()).isEqualTo(adapter.variables().sha256());
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama-lora", "llama-lora-all-linear"})
  void aMergedDecoderIsAModelOfItsOwn(String name) throws Exception {
    var adapter = PeftFolder.read(Given.golden(name), llama(), LANGUAGE);
    new HuggingFaceExport(
            llama(), LANGUAGE, List.of(), Given.whole(3, adapter.how()), adapter.variables())
        .merged(folder);
    var merged = new ModelSource("merged", folder.resolve("model.safetensors"), folder, "unused");
    try (var engine = Engines.open(merged, LANGUAGE, Precision.FP32, 1)) {
      var found =
          logits(
              engine,
              Given.whole(3, new Parameterisation.Frozen()),
              TensorMap.empty(),
              Golden.batch(name));
      assertRealClose(found, name, "expected-merged");
    }
  }

  @Test
  void aMergedModelIsAModelOfItsOwn() throws Exception {
    try (var engine = Given.tinyEngine(Pooling.POOLER, 1)) {
      var adapter = read(Given.golden("bert-lora"));
      new HuggingFaceExport(
              Given.tiny(),
              TASK,
              List.of("a", "b", "c"),
              Given.whole(3, adapter.how()),
              adapter.variables())
          .merged(folder);
      var merged = new ModelSource("merged", folder.resolve("model.safetensors"), folder, "unused");
      try (var other = TorchEngine.open(merged, TASK, Precision.FP32, 1)) {
        var classifier = adapter.variables().select(n -> n.startsWith("classifier."));
        assertClose(
            logits(
                other,
                Given.whole(3, new Parameterisation.HeadOnly()),
                classifier,
                Golden.batch("bert-lora")),
            Golden.floats("bert-lora", "expected-merged", "out.logits"));
      }
      assertThat(Files.readString(folder.resolve("config.json")))
          .contains("\"architectures\": [\"BertForSequenceClassification\"]")
          .contains("\"id2label\": {\n    \"0\": \"a\",");
    }
  }

  private static TensorMap drawn(List<TensorSpec> specs) {
    var out = new LinkedHashMap<String, Tensor>();
    int seed = 1;
    for (var spec : specs) {
      float[] values = new float[Math.toIntExact(spec.elements())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) Math.sin(seed++);
      }
      out.put(spec.name(), Tensor.of(values, spec.dims()));
    }
    return TensorMap.of(out);
  }

  private static List<Parameterisation> kinds() {
    return List.of(
        new Parameterisation.Lora(4, 8, List.of("query", "value")),
        new Parameterisation.Lora(2, 3.5, List.of("key", "output.dense")),
        new Parameterisation.SoftPrompt(3, Placing.WORDS),
        new Parameterisation.Prefix(2));
  }

  @Test
  void whatIsWrittenReadsBackToTheBit() throws Exception {
    for (var how : kinds()) {
      var at = Files.createTempDirectory(folder, "adapter");
      var values = drawn(trained(how));
      new PeftFolder("base", how, values).write(at, Given.tiny(), TASK);
      var back = read(at);
      assertThat(back.how()).isEqualTo(how);
      assertThat(back.base()).isEqualTo("base");
      assertThat(back.variables().sha256()).isEqualTo(values.sha256());
    }
  }

  /** PEFT compares ends of names, so that {@code output.dense} alone would be two maps. */
  @Test
  void targetsThatPeftWouldMistakeBecomeAnExpression() throws Exception {
    var how = kinds().get(1);
    new PeftFolder("base", how, drawn(trained(how))).write(folder, Given.tiny(), TASK);
    assertThat(Files.readString(folder.resolve("adapter_config.json")))
        .contains(
            "(bert\\\\.encoder\\\\.layer\\\\.0\\\\.|bert\\\\.encoder\\\\.layer\\\\.1\\\\.|"
                + "bert\\\\.encoder\\\\.layer\\\\.2\\\\.)"
                + "(attention\\\\.self\\\\.key|output\\\\.dense)");
  }

  /** PEFT's own table; it has none for ViT, which takes BERT's. */
  @ParameterizedTest
  @CsvSource({
    "bert, 3, query value",
    "llama, 3, q_proj v_proj",
    "qwen2, 2, q_proj v_proj",
    "gpt2, 2, c_attn"
  })
  void updatesThatNameNoMapsStandBesideThoseThatPeftTakes(String name, int layers, String targets)
      throws Exception {
    var path = Given.golden(name);
    var model = name.equals("bert") ? Given.tiny() : new ModelSource(name, path, path, "unused");
    var task = name.equals("bert") ? TASK : LANGUAGE;
    var none = Given.whole(layers, new Parameterisation.Lora(4, 8, List.of()));
    var how = new Parameterisation.Lora(4, 8, List.of(targets.split(" ")));
    var specs = PeftFolder.trained(model, task, none);
    assertThat(specs).isEqualTo(PeftFolder.trained(model, task, Given.whole(layers, how)));
    new PeftFolder("base", none.of(none.partition().segments().getFirst()), drawn(specs))
        .write(folder, model, task);
    assertThat(PeftFolder.read(folder, model, task).how()).isEqualTo(how);
  }

  @Test
  void rankStabilisedScalingIsTheSameFunction() throws Exception {
    copy("bert-lora", "\"use_rslora\": false", "\"use_rslora\": true");
    assertThat(read(folder).how())
        .isEqualTo(new Parameterisation.Lora(4, 16, List.of("query", "value")));
  }

  private void copy(String name, String from, String to) throws Exception {
    var config = Files.readString(Given.golden(name + "/adapter_config.json"));
    assertThat(config).contains(from);
    Files.writeString(folder.resolve("adapter_config.json"), config.replace(from, to));
    Files.write(
        folder.resolve("adapter_model.safetensors"),
        Files.readAllBytes(Given.golden(name + "/adapter_model.safetensors")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "bert-lora|\"LORA\"|\"ADALORA\"|UNSUPPORTED|adapter_config.json: peft_type: ADALORA"
            + " (expected: LORA, PROMPT_TUNING or PREFIX_TUNING)",
        "bert-lora|\"SEQ_CLS\"|\"TOKEN_CLS\"|UNSUPPORTED|adapter_config.json: task_type: TOKEN_CLS"
            + " (expected: SEQ_CLS)",
        "bert-lora|\"use_dora\": false|\"use_dora\": true|UNSUPPORTED|adapter_config.json:"
            + " use_dora: true (expected: false)",
        "bert-lora|\"rank_pattern\": {}|\"rank_pattern\": {\"query\": 2}|UNSUPPORTED|"
            + "adapter_config.json: rank_pattern: {query=2.0} (expected: none)",
        "bert-lora|\"r\": 4|\"r\": -1|CORRUPT|adapter_config.json: r: -1.0 (expected: a whole"
            + " number from 1 to 4096)",
        "bert-lora|\"r\": 4|\"r\": 1e9|CORRUPT|adapter_config.json: r: 1.0E9 (expected: a whole"
            + " number from 1 to 4096)",
        "bert-lora|\"r\": 4|\"r\": 5|MODEL|adapter_model.safetensors:"
            + " 'base_model.model.bert.encoder.layer.0.attention.self.query.lora_A.weight': [4, 32]"
            + " (expected: [5, 32], for this model)",
        "bert-lora|\"lora_alpha\": 8|\"lora_alpha\": \"8\"|CORRUPT|adapter_config.json: lora_alpha:"
            + " 8 (expected: a number)",
        "bert-lora|{|[|CORRUPT|adapter_config.json: ':' at 28 (expected: ',' or ']')",
        "bert-prompt|\"num_virtual_tokens\": 3|\"num_virtual_tokens\": 33|CORRUPT|"
            + "adapter_config.json: num_virtual_tokens: 33.0 (expected: a whole number from 1 to"
            + " 32)",
        "bert-prompt|\"num_virtual_tokens\": 3|\"num_virtual_tokens\": 4|MODEL|"
            + "adapter_model.safetensors: 'prompt_embeddings': [3, 32] (expected: [4, 32], for this"
            + " model)",
        "bert-prompt|\"PROMPT_TUNING\"|\"LORA\"|CORRUPT|adapter_config.json: r: missing (expected:"
            + " a whole number from 1 to 4096)"
      })
  void aHostileFolderIsNamed(String name, String from, String to, Failure failure, String text)
      throws Exception {
    copy(name, from, to);
    assertThatThrownBy(() -> read(folder))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(text)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(failure);
  }

  @Test
  void aFolderWithoutAFileIsNamed() throws Exception {
    assertThatThrownBy(() -> read(folder))
        .hasMessage(
            "adapter "
                + folder
                + ": adapter_config.json is missing (expected: adapter_config.json and"
                + " adapter_model.safetensors, as PEFT writes them)");
  }

  /** Any byte of the values' header or its length: read well or refused by name, nothing else. */
  @Test
  void aDamagedFileIsReadOrRefused() throws Exception {
    copy("bert-lora", "\"r\": 4", "\"r\": 4");
    var file = folder.resolve("adapter_model.safetensors");
    byte[] whole = Files.readAllBytes(file);
    var refused = new ArrayList<String>();
    for (int at = 0; at < 600; at += 7) {
      byte[] damaged = whole.clone();
      damaged[at] ^= 0x15;
      Files.write(file, damaged);
      try {
        read(folder);
      } catch (AnabranchException e) {
        refused.add(e.getMessage());
      }
    }
    Files.write(file, Arrays.copyOf(whole, whole.length - 1));
    assertThatThrownBy(() -> read(folder)).hasMessageStartingWith("adapter_model.safetensors: ");
    assertThat(refused).hasSizeGreaterThan(40);
  }

  @Test
  void whatPeftHasNoFormForIsRefused() throws Exception {
    var how = new Parameterisation.Everything();
    assertThatThrownBy(
            () -> new PeftFolder("base", how, TensorMap.empty()).write(folder, Given.tiny(), TASK))
        .hasMessage(
            "trained: everything (expected: lora, prompt or prefix, for which PEFT has a form;"
                + " '--to merged' writes the whole model)");
    var task = new TorchEngine.Task(3, 16, Pooling.MEAN);
    assertThatThrownBy(() ->
            new HuggingFaceExport(
                    Given.tiny(),
                    task,
                    List.of("a", "b", "c"),
                    Given.whole(3, new Parameterisation.Prefix(2)),
                    TensorMap.empty())
                .merged(folder))
        .hasMessage(
            "trained: prefix(num_virtual_tokens=2) (expected: what can be put into the model's own"
                + " weights: lora, everything, bias or head; '--to peft' writes it)");
  }

  @Test
  void aModelWithoutPoolerSaysSo() throws Exception {
    var task = new TorchEngine.Task(3, 16, Pooling.MEAN);
    try (var engine = Given.tinyEngine(Pooling.MEAN, 1)) {
      var how = new Parameterisation.HeadOnly();
      new HuggingFaceExport(
              Given.tiny(),
              task,
              List.of("a", "b", "c"),
              Given.whole(3, how),
              drawn(engine.shapes().trained(Given.whole(3, how))))
          .merged(folder);
    }
    assertThat(Files.readString(folder.resolve("README.md"))).contains("trust_remote_code=True");
    assertThat(folder.resolve("anabranch_bert.py")).exists();
    var merged = new ModelSource("merged", folder.resolve("model.safetensors"), folder, "unused");
    var pooled = new TorchEngine.Task(3, 16, Pooling.POOLER);
    try (var engine = TorchEngine.open(merged, pooled, Precision.FP32, 1)) {
      assertThatThrownBy(() ->
              engine.predictor(Given.whole(3, new Parameterisation.HeadOnly()), TensorMap.empty()))
          .hasMessage(
              "task.pooling: pooler (expected: mean, cls or prompt, as model.safetensors has no"
                  + " pooler.dense.weight [32, 32])");
    }
  }
}
