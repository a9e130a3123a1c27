package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Inputs;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.torch.BertMacs;
import dev.anabranch.torch.files.SafeTensors;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Logits, loss and gradients against what transformers and peft computed ({@code golden/make.py}).
 * The golden classifier reads the first position through the pre-trained pooler, which this project
 * does not use, so that part stands here.
 */
class GoldenIT {
  private static final double TOLERANCE = 1e-4;

  private static Path path(String name) throws Exception {
    return Path.of(
        Objects.requireNonNull(GoldenIT.class.getResource("/golden/" + name), name).toURI());
  }

  private static Parameterisation parameterisation(String folder) {
    return switch (folder) {
      case "bert-lora" -> new Parameterisation.Lora(4, 8, List.of("query", "value"));
      case "bert-prompt" -> new Parameterisation.SoftPrompt(3, Placing.WORDS);
      default -> new Parameterisation.Everything();
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"bert", "bert-lora", "bert-prompt"})
  void equalsTransformersAndPeft(String folder) throws Exception {
    try (var lanes = new LaneThreads(1)) {
      lanes.run(
          () -> {
            check(folder);
            return true;
          },
          false);
    }
  }

  private void check(String folder) throws Exception {
    try (var checkpoint = Checkpoint.open(path("bert/model.safetensors"));
        var base = SafeTensors.open(path("bert/model.safetensors"));
        var expected = SafeTensors.open(path(folder + "/expected.safetensors"));
        var weights = checkpoint.weights(ScalarType.Float)) {
      var how = parameterisation(folder);
      var partition = Partition.whole(3, NodeId.Role.DEVICE);
      var specs =
          checkpoint.config().shapes(3).trained(partition, partition.segments().get(0), how);
      var variables =
          new Variables(
              specs,
              (spec, into) ->
                  Init.draw(spec, into, weights.names().contains(spec.name()) ? weights : null, 0));
      var extra = new HashMap<String, Tensor>();
      for (var name : List.of("bert.pooler.dense.weight", "bert.pooler.dense.bias")) {
        extra.put(name.substring(5), Views.of(base, name).clone().set_requires_grad(true));
      }
      for (var name : List.of("classifier.weight", "classifier.bias")) {
        copy(Views.of(base, name), variables.get(name));
      }
      if (!folder.equals("bert")) {
        try (var adapter = SafeTensors.open(path(folder + "/adapter_model.safetensors"))) {
          Views.all(adapter).forEach((name, value) -> copy(value, variables.get(plain(name))));
        }
      }
      var macs = new BertMacs(checkpoint.config().shapes(3), specs);
      var hooks = new BertHooks(variables, macs, checkpoint.config(), how);
      boolean prompted = folder.equals("bert-prompt");
      var embedding = new Embedding(weights, variables, prompted ? Placing.WORDS : null);
      var chain = new Chain(List.of(new Span(0, 3, weights, hooks, variables, macs)));
      run(Views.all(expected), variables, extra, embedding, chain, prompted ? 3 : 0);
    }
  }

  private static void run(
      Map<String, Tensor> expected,
      Variables variables,
      Map<String, Tensor> extra,
      Embedding embedding,
      Chain chain,
      int prompts) {
    var tokens = tokens(expected);
    int[] lengths = Sequence.lengths(tokens, prompts);
    var embedded = embedding.record(tokens);
    var tape =
        chain.record(
            embedded.output(),
            Sequence.mask(lengths, tokens.width() + prompts),
            embedding.trained());
    Tensor leaf = tape.output().detach();
    leaf.set_requires_grad(true);
    Tensor pooled =
        torch
            .linear(
                leaf.select(1, 0),
                at(extra, "pooler.dense.weight"),
                new TensorOptional(at(extra, "pooler.dense.bias")))
            .tanh();
    Tensor logits =
        torch.linear(
            pooled,
            variables.get("classifier.weight"),
            new TensorOptional(variables.get("classifier.bias")));
    Tensor labels = at(expected, "in.labels");
    Tensor loss = torch.cross_entropy_loss(logits, labels);
    loss.backward();
    var back = tape.backward(leaf.grad());
    if (back != null) {
      embedded.backward(back);
    }
    near("logits", logits, at(expected, "out.logits"));
    near("loss", loss, at(expected, "out.loss"));
    int gradients = 0;
    for (var entry : expected.entrySet()) {
      if (entry.getKey().startsWith("out.grad.")) {
        String name = plain(entry.getKey().substring("out.grad.".length()));
        Tensor own = extra.containsKey(name) ? at(extra, name).grad() : variables.gradient(name);
        near(name, own, entry.getValue());
        gradients++;
      }
    }
    // transformers also reports the pooler's two in the full model
    assertThat(gradients).isEqualTo(variables.specs().size() + (gradients > 50 ? 2 : 0));
  }

  private static Inputs.Tokens tokens(Map<String, Tensor> expected) {
    long[] ids = longs(at(expected, "in.input_ids"));
    long[] mask = longs(at(expected, "in.attention_mask"));
    int b = (int) at(expected, "in.input_ids").size(0);
    int t = ids.length / b;
    int[] lengths = new int[b];
    int[] plain = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      lengths[i / t] += (int) mask[i];
      plain[i] = (int) ids[i];
    }
    return new Inputs.Tokens(plain, t, lengths, new int[ids.length]);
  }

  private static Tensor at(Map<String, Tensor> map, String name) {
    return Objects.requireNonNull(map.get(name), name);
  }

  private static long[] longs(Tensor tensor) {
    return Tensors.memory(tensor.contiguous()).toArray(ValueLayout.JAVA_LONG_UNALIGNED);
  }

  private static void copy(Tensor from, Tensor into) {
    MemorySegment.copy(Tensors.memory(from), 0, Tensors.memory(into), 0, from.nbytes());
  }

  private static String plain(String name) {
    return name.replace(".modules_to_save.default", "")
        .replace(".default", "")
        .replace("base_model.model.", "")
        .replace("base_model.", "")
        .replace("bert.", "")
        .replace("prompt_encoder.embedding.weight", "prompt")
        .replace("prompt_embeddings", "prompt")
        .replace("lora_A.weight", "lora_A")
        .replace("lora_B.weight", "lora_B");
  }

  private static void near(String what, Tensor found, Tensor expected) {
    assertThat(found.detach().sub(expected).abs().max().item_double())
        .as(what)
        .isLessThan(TOLERANCE);
  }
}
