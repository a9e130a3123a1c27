package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import dev.anabranch.torch.files.SafeTensors;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Families and what is laid on them against what transformers and peft computed ({@code
 * golden/make.py}): logits, loss, every gradient, greedy tokens.
 */
class GoldenFamiliesIT {
  private static final float TOLERANCE = 1e-4f;

  private static Path path(String name) throws Exception {
    return Path.of(
            Objects.requireNonNull(GoldenFamiliesIT.class.getResource("/golden"), name).toURI())
        .resolve(name);
  }

  private static Engine engine(String folder) throws Exception {
    var pooling = folder.equals("roberta") ? Pooling.CLS : Pooling.NONE;
    return Engines.open(
        new ModelSource(folder, path(folder), path(folder), "0"),
        new TorchEngine.Task(3, 16, pooling),
        Precision.FP32,
        1);
  }

  private static ModelUse use(Engine engine, Parameterisation how) {
    var partition = Partition.whole(engine.facts().layers(), NodeId.Role.DEVICE);
    return new ModelUse(partition, Map.of("whole", how));
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "llama-sharded", "qwen2", "gpt2", "roberta"})
  void wholeFamilyEqualsTransformers(String folder) throws Exception {
    check(folder, folder, new Parameterisation.Everything());
  }

  @Test
  void lowRankUpdateEqualsPeft() throws Exception {
    check("llama", "llama-lora", new Parameterisation.Lora(4, 8, List.of("q_proj", "v_proj")));
  }

  @Test
  void rankStabilisedUpdateOfAllMapsEqualsPeft() throws Exception {
    // rank-stabilised: alpha / √r is the plain scale of alpha · √r
    var how = new Parameterisation.Lora(2, 4 * Math.sqrt(2), List.of("all-linear"));
    check("llama", "llama-lora-all-linear", how);
  }

  @ParameterizedTest
  @ValueSource(strings = {"WORDS", "EMBEDDED"})
  void softPromptEqualsPeft(String placing) throws Exception {
    check("llama", "llama-prompt", new Parameterisation.SoftPrompt(3, Placing.valueOf(placing)));
  }

  @Test
  void prefixEqualsPeft() throws Exception {
    check("llama", "llama-prefix", new Parameterisation.Prefix(3));
  }

  private static void check(String model, String folder, Parameterisation how) throws Exception {
    try (var engine = engine(model);
        var expected = SafeTensors.open(path(folder + "/expected.safetensors"))) {
      engine
          .lanes()
          .run(
              () -> {
                compare(engine, folder, expected, how);
                return true;
              },
              false);
    }
  }

  private static void compare(
      Engine engine, String folder, SafeTensors expected, Parameterisation how) throws Exception {
    var batch = batch(expected);
    try (var model = engine.open(use(engine, how), NodeId.Role.DEVICE, 1)) {
      var variables = (Variables) model.trainable();
      if (Files.exists(path(folder + "/adapter_model.safetensors"))) {
        try (var adapter = SafeTensors.open(path(folder + "/adapter_model.safetensors"))) {
          load(adapter, variables);
        }
      }
      near("logits", logits(model.route().logits(batch), batch), wanted(expected, batch));
      assertThat(model.route().loss(batch)).isCloseTo(floats(expected, "out.loss")[0], within());
      assertThat(model.route().lossAndGradient(batch))
          .isCloseTo(floats(expected, "out.loss")[0], within());
      var gradients = new HashMap<String, float[]>();
      for (var spec : variables.specs()) {
        gradients.put(spec.name(), Tensors.floats(variables.gradient(spec.name())));
      }
      int found = 0;
      for (var name : expected.tensors().keySet()) {
        if (name.startsWith("out.grad.")) {
          gradient(gradients, name.substring(9), floats(expected, name));
          found++;
        }
      }
      assertThat(found).isPositive();
      assertThat(gradients).isEmpty();
    }
  }

  private static org.assertj.core.data.Offset<Double> within() {
    return org.assertj.core.data.Offset.offset((double) TOLERANCE);
  }

  /** Takes what it compares out of the map. */
  private static void gradient(Map<String, float[]> own, String name, float[] expected) {
    if (name.startsWith("prompt_encoder")) {
      boolean prefix = !own.containsKey("prompt");
      float[] found = prefix ? prefixRows(own) : Objects.requireNonNull(own.remove("prompt"));
      near(name, found, expected);
      own.keySet().removeIf(key -> key.contains("prefix."));
      return;
    }
    near(name, Objects.requireNonNull(own.remove(plain(name)), name), expected);
  }

  /** PEFT keeps a prefix as [p, layer · (key, value) · g · w]. */
  private static float[] prefixRows(Map<String, float[]> own) {
    int layers = own.size() / 2;
    float[] first = Objects.requireNonNull(own.get("model.layers.0.prefix.key"));
    int p = 3;
    int width = first.length / p;
    float[] out = new float[p * layers * 2 * width];
    own.forEach((name, values) -> {
      int layer = Integer.parseInt(name.split("\\.")[2]);
      int slot = 2 * layer + (name.endsWith("key") ? 0 : 1);
      for (int i = 0; i < p; i++) {
        System.arraycopy(values, i * width, out, (i * layers * 2 + slot) * width, width);
      }
    });
    return out;
  }

  private static void load(SafeTensors adapter, Variables variables) {
    for (var name : adapter.tensors().keySet()) {
      float[] values = floats(adapter, name);
      if (!name.equals("prompt_embeddings")) {
        write(values, 0, values.length, variables, plain(name));
      } else if (variables.has("prompt")) {
        write(values, 0, values.length, variables, "prompt");
      } else {
        int slots = variables.specs().size();
        int width = values.length / 3 / slots;
        for (int slot = 0; slot < slots; slot++) {
          float[] rows = new float[3 * width];
          for (int i = 0; i < 3; i++) {
            System.arraycopy(values, (i * slots + slot) * width, rows, i * width, width);
          }
          String at = "model.layers." + slot / 2 + ".prefix." + (slot % 2 == 0 ? "key" : "value");
          write(rows, 0, rows.length, variables, at);
        }
      }
    }
  }

  private static void write(float[] values, int from, int n, Variables variables, String name) {
    MemorySegment.copy(values, from, Tensors.memory(variables.get(name)), Tensor.FLOAT, 0, n);
  }

  private static String plain(String name) {
    return name.replace("base_model.model.", "")
        .replace(".lora_A.default.weight", ".lora_A")
        .replace(".lora_B.default.weight", ".lora_B")
        .replace(".lora_A.weight", ".lora_A")
        .replace(".lora_B.weight", ".lora_B");
  }

  private static Batch batch(SafeTensors expected) {
    long[] ids = longs(expected, "in.input_ids");
    long[] mask = longs(expected, "in.attention_mask");
    int b = (int) Objects.requireNonNull(expected.tensors().get("in.input_ids")).shape()[0];
    int t = ids.length / b;
    int[] plain = new int[ids.length];
    int[] lengths = new int[b];
    int[] next = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      lengths[i / t] += (int) mask[i];
      plain[i] = (int) ids[i];
      boolean more = i % t + 1 < t && mask[i + 1] == 1;
      next[i] = more ? (int) ids[i + 1] : -1;
    }
    if (expected.tensors().containsKey("in.labels")) {
      next = Arrays.stream(longs(expected, "in.labels")).mapToInt(Math::toIntExact).toArray();
    }
    var tokens = new Inputs.Tokens(plain, t, lengths, new int[ids.length]);
    return new Batch(new int[] {0, 1, 2}, tokens, next);
  }

  /** Of a language model only real positions of the text; at others anything may stand. */
  private static float[] logits(Tensor scores, Batch batch) {
    float[] all = scores.toArray();
    return real(all, all.length / batch.labels().length, 0, batch);
  }

  private static float[] wanted(SafeTensors expected, Batch batch) {
    long[] shape = Objects.requireNonNull(expected.tensors().get("out.logits")).shape();
    float[] all = floats(expected, "out.logits");
    int t = ((Inputs.Tokens) batch.inputs()).width();
    int prompts = shape.length == 3 ? (int) shape[1] - t : 0;
    return real(all, (int) shape[shape.length - 1], prompts, batch);
  }

  private static float[] real(float[] all, int v, int skipped, Batch batch) {
    if (batch.labels().length == batch.size()) {
      return all;
    }
    var tokens = (Inputs.Tokens) batch.inputs();
    int t = tokens.width();
    var out = new float[Arrays.stream(tokens.lengths()).sum() * v];
    int at = 0;
    for (int i = 0; i < batch.size(); i++) {
      int n = tokens.lengths()[i] * v;
      System.arraycopy(all, (i * (t + skipped) + skipped) * v, out, at, n);
      at += n;
    }
    return out;
  }

  private static void near(String what, float[] found, float[] expected) {
    assertThat(found).as(what).hasSameSizeAs(expected);
    for (int i = 0; i < found.length; i++) {
      assertThat(found[i])
          .as(what + "[" + i + "]")
          .isCloseTo(expected[i], org.assertj.core.data.Offset.offset(TOLERANCE));
    }
  }

  private static float[] floats(SafeTensors file, String name) {
    try (var scope = new org.bytedeco.javacpp.PointerScope()) {
      return Tensors.floats(Views.of(file, name));
    }
  }

  private static long[] longs(SafeTensors file, String name) {
    try (var scope = new org.bytedeco.javacpp.PointerScope()) {
      return Tensors.memory(Views.of(file, name)).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    }
  }

  @Test
  void greedyTokensEqualTransformers() throws Exception {
    try (var engine = engine("llama");
        var expected = SafeTensors.open(path("llama/expected-greedy.safetensors"));
        var predictor =
            engine.predictor(
                use(engine, new Parameterisation.Frozen()), dev.anabranch.core.TensorMap.empty())) {
      int[] ids = ints(longs(expected, "in.input_ids"));
      int[] all = ints(longs(expected, "out.greedy"));
      var random = Seeds.stream(1, "greedy");
      int[] shorter = Arrays.copyOf(ids, ids.length - 4);
      int[][] found =
          Sampling.GREEDY.generate(predictor, new int[][] {ids, shorter, ids}, 12, -1, random);
      int[] wanted = Arrays.copyOfRange(all, ids.length, all.length);
      assertThat(found[0]).containsExactly(wanted);
      assertThat(found[2]).containsExactly(wanted);
      assertThat(found[1])
          .containsExactly(
              Sampling.GREEDY.generate(predictor, new int[][] {shorter}, 12, -1, random)[0]);
    }
  }

  private static int[] ints(long[] values) {
    return Arrays.stream(values).mapToInt(Math::toIntExact).toArray();
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "gpt2"})
  void readingTokenByTokenScoresAsReadingAtOnce(String folder) throws Exception {
    try (var engine = engine(folder);
        var expected = SafeTensors.open(path(folder + "/expected.safetensors"));
        var predictor =
            engine.predictor(
                use(engine, new Parameterisation.Frozen()), dev.anabranch.core.TensorMap.empty());
        var decoder = predictor.decoder(3)) {
      var batch = batch(expected);
      var tokens = (Inputs.Tokens) batch.inputs();
      float[] all = predictor.logits(batch).toArray();
      int t = tokens.width();
      int v = all.length / 3 / t;
      // all sequences read one token, then different numbers, then one each
      int[][] steps = {{1, 1, 1}, {7, 2, 1}, {1, 1, 1}, {2, 3, 1}};
      int[] read = new int[3];
      for (int[] step : steps) {
        int[][] next = new int[3][];
        for (int i = 0; i < 3; i++) {
          next[i] = Arrays.copyOfRange(tokens.ids(), i * t + read[i], i * t + read[i] + step[i]);
          read[i] += step[i];
        }
        float[] scores = decoder.read(next).toArray();
        for (int i = 0; i < 3; i++) {
          int from = (i * t + read[i] - 1) * v;
          near(
              "sequence " + i + " after " + read[i],
              Arrays.copyOfRange(scores, i * v, (i + 1) * v),
              Arrays.copyOfRange(all, from, from + v));
        }
      }
    }
  }
}
