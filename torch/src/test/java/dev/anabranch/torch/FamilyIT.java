package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorMap;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Models of families other than BERT: cut, counted, pruned, refused. */
class FamilyIT {
  private static final int T = 9;
  private static final Parameterisation LORA =
      new Parameterisation.Lora(2, 4, List.of("all-linear"));

  private static Engine engine(String folder, Precision precision, List<Integer> keep)
      throws Exception {
    var path = Given.golden(folder);
    return Engines.open(
        new ModelSource(folder, path, path, "0").keeping(keep),
        new TorchEngine.Task(0, 16, Pooling.NONE),
        precision,
        1);
  }

  private static Engine engine(String folder) throws Exception {
    return engine(folder, Precision.FP32, List.of());
  }

  /** Three sequences, of which the last two are shorter. */
  private static Batch batch() {
    var random = Seeds.stream(1, "batch");
    int[] lengths = {T, 6, 2};
    int[] ids = new int[3 * T];
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = i % T < lengths[i / T] ? 1 + random.nextInt(120) : 0;
    }
    for (int i = 0; i < ids.length; i++) {
      labels[i] = i % T + 1 < lengths[i / T] ? ids[i + 1] : -1;
    }
    var inputs = new Inputs.Tokens(ids, T, lengths, new int[ids.length]);
    return new Batch(new int[] {0, 1, 2}, inputs, labels);
  }

  private static <R> R on(Engine engine, java.util.concurrent.Callable<R> body) {
    return engine.lanes().run(body, false).value();
  }

  private static Map<String, Parameterisation> all(Parameterisation how) {
    return Map.of("head", how, "body", how, "tail", how);
  }

  /** The values after one step of SGD: gradients, as seen from outside. */
  private static TensorMap stepped(Engine engine, ModelUse use) {
    return on(
        engine,
        () -> {
          try (var model = engine.open(use, Role.DEVICE, 3);
              var sgd = model.optimizer(OptimizerSpec.sgd(1, 0))) {
            model.route().lossAndGradient(batch());
            sgd.step();
            return model.trainable().copy();
          }
        });
  }

  private static TensorMap steppedInParts(Engine engine, ModelUse use) {
    return on(
        engine,
        () -> {
          try (var device = engine.open(use, Role.DEVICE, 3);
              var body = engine.open(use, Role.BODY, 3);
              var one = device.optimizer(OptimizerSpec.sgd(1, 0));
              var other = body.optimizer(OptimizerSpec.sgd(1, 0))) {
            var first = device.head().forward(batch());
            var second = first.withValues(body.block("body").forward(first));
            var result = device.tail().lossAndGradient(second, batch());
            device.head().backward(batch(), body.block("body").backward(first, result.gradient()));
            one.step();
            other.step();
            return device.trainable().copy().and(body.trainable().copy());
          }
        });
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "gpt2"})
  void cutModelLearnsWhatTheWholeOneDoes(String folder) throws Exception {
    try (var engine = engine(folder)) {
      int layers = engine.facts().layers();
      var prompt = new Parameterisation.SoftPrompt(2, Placing.WORDS);
      var how = all(LORA);
      var trained =
          Map.of(
              "head",
              new Parameterisation.Combined(List.of(prompt, LORA)),
              "body",
              LORA,
              "tail",
              LORA);
      assertThat(how).hasSameSizeAs(trained);
      var cut = Partition.uShape(layers, 0, layers - 1);
      var whole =
          new Partition(
              layers,
              cut.segments().stream()
                  .map(s -> new Partition.Segment(s.name(), s.from(), s.until(), Role.DEVICE))
                  .toList());
      try (var expected = stepped(engine, new ModelUse(whole, trained));
          var found = steppedInParts(engine, new ModelUse(cut, trained))) {
        for (var spec : expected.specs()) {
          assertThat(found.get(spec.name()).toArray())
              .as(spec.name())
              .containsExactly(expected.get(spec.name()).toArray(), within(1e-5f));
        }
        assertThat(found.size()).isEqualTo(expected.size());
      }
    }
  }

  private static long macs(Engine engine, Parameterisation how) {
    var use =
        new ModelUse(Partition.whole(engine.facts().layers(), Role.DEVICE), Map.of("whole", how));
    return engine
        .lanes()
        .run(
            () -> {
              try (var model = engine.open(use, Role.DEVICE, 1)) {
                return model.route().lossAndGradient(batch());
              }
            },
            false)
        .macs();
  }

  @Test
  void productsAreCountedOnceEachWay() throws Exception {
    // golden/llama: d = 32, 4 heads on 2 groups of 8, f = 48, 3 layers, 128 words
    long rows = 3 * T;
    long linear = 3 * rows * (32 * 32 + 2 * 32 * 16 + 32 * 32 + 3 * 32 * 48);
    long attention = 3 * 2L * 3 * T * T * 32;
    long head = (8 + 5 + 1) * 32 * 128;
    try (var engine = engine("llama")) {
      long forward = linear + attention + head;
      assertThat(macs(engine, new Parameterisation.Frozen())).isEqualTo(forward);
      assertThat(macs(engine, new Parameterisation.Everything()))
          .isEqualTo(forward + 2 * linear + 2 * attention + 2 * head);
      // a prompt trains nothing but itself: only activations have gradients
      long more = 3 * (T + 2);
      long linear2 = linear / rows * more;
      long attention2 = 3 * 2L * 3 * (T + 2) * (T + 2) * 32;
      assertThat(macs(engine, new Parameterisation.SoftPrompt(2, Placing.WORDS)))
          .isEqualTo(2 * linear2 + 3 * attention2 + 2 * head);
    }
    try (var engine = engine("llama-sharded")) {
      long whole = 3 * rows * (4 * 32 * 32 + 3 * 32 * 48) + attention + head;
      assertThat(macs(engine, new Parameterisation.HeadOnly())).isEqualTo(whole + head);
    }
  }

  @Test
  void layersThatAreKeptAreNumberedAnew() throws Exception {
    try (var engine = engine("llama", Precision.FP32, List.of(0, 2));
        var whole = engine("llama")) {
      assertThat(engine.facts().layers()).isEqualTo(2);
      assertThat(engine.facts().name()).isEqualTo("llama[0, 2]");
      var use =
          new ModelUse(
              Partition.whole(2, Role.DEVICE), Map.of("whole", new Parameterisation.Everything()));
      var all =
          new ModelUse(
              Partition.whole(3, Role.DEVICE), Map.of("whole", new Parameterisation.Everything()));
      var kept = on(engine, () -> engine.open(use, Role.DEVICE, 1).trainable().copy());
      var old = on(whole, () -> whole.open(all, Role.DEVICE, 1).trainable().copy());
      for (var spec : kept.specs()) {
        var name = spec.name().replace("layers.1.", "layers.2.");
        assertThat(kept.get(spec.name()).toArray()).isEqualTo(old.get(name).toArray());
      }
    }
    assertThatThrownBy(() -> engine("llama", Precision.FP32, List.of(2, 1)))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("model.keepLayers: [2, 1] (expected: layers of 0 to 2 in ascending order)");
  }

  @Test
  void keptLayersOfBertAreNumberedAnew() throws Exception {
    var tiny = Given.tiny().keeping(List.of(1));
    try (var engine =
        Engines.open(tiny, new TorchEngine.Task(3, 16, Pooling.MEAN), Precision.FP32, 1)) {
      assertThat(engine).isInstanceOf(TorchEngine.class);
      assertThat(engine.facts().layers()).isEqualTo(1);
      var use =
          new ModelUse(
              Partition.whole(1, Role.DEVICE), Map.of("whole", new Parameterisation.Everything()));
      var old =
          new ModelUse(
              Partition.whole(3, Role.DEVICE), Map.of("whole", new Parameterisation.Everything()));
      var kept = on(engine, () -> engine.open(use, Role.DEVICE, 1).trainable().copy());
      try (var whole = Given.tinyEngine(Pooling.MEAN, 1)) {
        var all = on(whole, () -> whole.open(old, Role.DEVICE, 1).trainable().copy());
        String name = "attention.self.query.weight";
        assertThat(kept.get("encoder.layer.0." + name).toArray())
            .isEqualTo(all.get("encoder.layer.1." + name).toArray());
      }
    }
  }

  @Test
  void halfOfTheBytesScoreNearlyTheSame() throws Exception {
    try (var wide = engine("llama");
        var half = engine("llama", Precision.BF16, List.of())) {
      var use = new ModelUse(Partition.whole(3, Role.DEVICE), Map.of("whole", LORA));
      double expected = on(wide, () -> wide.open(use, Role.DEVICE, 1).route().loss(batch()));
      double found = on(half, () -> half.open(use, Role.DEVICE, 1).route().loss(batch()));
      assertThat(found).isCloseTo(expected, within(0.02)).isNotEqualTo(expected);
      long bytes = on(wide, () -> wide.open(use, Role.DEVICE, 1).frozenBytes());
      assertThat(on(half, () -> half.open(use, Role.DEVICE, 1).frozenBytes())).isEqualTo(bytes / 2);
    }
  }

  @Test
  void tiedOutputStaysFrozenApartFromItsEmbeddings() throws Exception {
    try (var engine = engine("llama")) {
      var everything = new Parameterisation.Everything();
      var cut = new ModelUse(Partition.uShape(3, 1, 2), Map.of("tail", everything));
      var names =
          on(engine, () -> engine.open(cut, Role.DEVICE, 1).trainable().specs()).stream()
              .map(spec -> spec.name())
              .toList();
      assertThat(names).contains("model.norm.weight").doesNotContain("model.embed_tokens.weight");
      var headOnly =
          new ModelUse(
              Partition.whole(3, Role.DEVICE), Map.of("whole", new Parameterisation.HeadOnly()));
      assertThatThrownBy(() -> on(engine, () -> engine.open(headOnly, Role.DEVICE, 1)))
          .hasMessage(
              "parameterisation: head (expected: another one: the head of this llama is tied to"
                  + " its embeddings)");
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model_type: mamba (expected: one of bert, ",
        "hidden_act: gelu (expected: one of silu)",
        "num_key_value_heads: 3.0 (expected: a divisor of num_attention_heads, 4)",
        "hidden_size: -32.0 (expected: a whole number of at least 1)",
        "intermediate_size: missing (expected: a whole number of at least 1)",
        "rope_scaling: rope_type: yarn (expected: one of default, linear, llama3)",
        "tensor 'model.embed_tokens.weight': [128, 32] (expected: [130, 32])"
      })
  void settingsThatAreNotSupportedAreNamed(String message, @TempDir Path folder) throws Exception {
    var json = Files.readString(Given.golden("llama/config.json"));
    var bad =
        switch (message.split("[: ]")[0]) {
          case "model_type" -> json.replace("\"llama\"", "\"mamba\"");
          case "hidden_act" -> json.replace("\"silu\"", "\"gelu\"");
          case "num_key_value_heads" -> json.replace("_heads\": 2", "_heads\": 3");
          case "hidden_size" -> json.replace("\"hidden_size\": 32", "\"hidden_size\": -32");
          case "intermediate_size" -> json.replace("intermediate_size", "other_size");
          case "rope_scaling" ->
              json.replace("rope_parameters", "rope_scaling").replace("\"default\"", "\"yarn\"");
          default -> json.replace("\"vocab_size\": 128", "\"vocab_size\": 130");
        };
    Files.writeString(folder.resolve("config.json"), bad);
    Files.copy(Given.golden("llama/model.safetensors"), folder.resolve("model.safetensors"));
    var source = new ModelSource("bad", folder, folder, "0");
    assertThatThrownBy(() ->
            Engines.open(source, new TorchEngine.Task(0, 16, Pooling.NONE), Precision.FP32, 1))
        .isInstanceOf(AnabranchException.class)
        .hasMessageContaining(message);
  }

  @Test
  void taskOfAnotherKindIsRefused() throws Exception {
    var path = Given.golden("llama");
    var llama = new ModelSource("llama", path, path, "0");
    var classes = new TorchEngine.Task(3, 16, Pooling.MEAN);
    assertThatThrownBy(() -> Engines.open(llama, classes, Precision.FP32, 1))
        .hasMessage("task.kind: text-classification (expected: causal-lm for a llama)");
    var bert = Given.tiny();
    var words = new TorchEngine.Task(0, 16, Pooling.NONE);
    assertThatThrownBy(() -> Engines.open(bert, words, Precision.FP32, 1))
        .hasMessage("task.kind: causal-lm (expected: text-classification for a bert)");
    assertThatThrownBy(() -> Engines.dry(llama, classes, Precision.FP32))
        .hasMessage("task.kind: text-classification (expected: causal-lm for a llama)");
  }

  @Test
  void textEndsAtTheLastPositionAndALongerPromptIsRefused() throws Exception {
    try (var engine = engine("gpt2");
        var predictor =
            engine.predictor(
                new ModelUse(Partition.whole(2, Role.DEVICE), Map.of()), TensorMap.empty())) {
      var random = Seeds.stream(1, "draws");
      int[][] prompt = {new int[30]};
      assertThat(Sampling.GREEDY.generate(predictor, prompt, 9, -1, random)[0])
          .as("two more are read, and one follows the last")
          .hasSize(3);
      int[][] long33 = {new int[33]};
      assertThatThrownBy(() -> Sampling.GREEDY.generate(predictor, long33, 4, -1, random))
          .hasMessage("tokens: 33 (expected: at most 32)");
    }
  }
}
