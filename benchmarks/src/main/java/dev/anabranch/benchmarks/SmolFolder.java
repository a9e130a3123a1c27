package dev.anabranch.benchmarks;

import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.Encoding;
import dev.anabranch.torch.files.SafeTensors;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A folder with a model of the shape of SmolLM2-135M (30 layers, width 576, 9 heads on 3 groups,
 * 49,152 tokens, tied) and random weights in bf16; deleted when it is closed. Not thread-safe.
 */
final class SmolFolder implements AutoCloseable {
  private static final int WIDTH = 576;
  private static final int KEYS = 192;
  private static final int INNER = 1536;
  private static final int LAYERS = 30;
  private static final int WORDS = 49_152;

  private final Path folder;

  SmolFolder() {
    try {
      folder = Files.createTempDirectory("smol");
      Files.writeString(
          folder.resolve("config.json"),
          """
          {"model_type": "llama", "hidden_size": 576, "num_hidden_layers": 30,
           "num_attention_heads": 9, "num_key_value_heads": 3, "intermediate_size": 1536,
           "vocab_size": 49152, "max_position_embeddings": 2048, "rms_norm_eps": 1e-5,
           "rope_theta": 100000.0, "tie_word_embeddings": true, "hidden_act": "silu"}
          """);
      try (var arena = Arena.ofConfined()) {
        var items = new ArrayList<SafeTensors.Item>();
        specs().forEach(spec -> items.add(item(spec, arena)));
        SafeTensors.write(folder.resolve("model.safetensors"), items, Map.of("format", "pt"));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static List<TensorSpec> specs() {
    var out = new ArrayList<TensorSpec>();
    out.add(TensorSpec.of("model.embed_tokens.weight", WORDS, WIDTH));
    for (int i = 0; i < LAYERS; i++) {
      var at = "model.layers." + i + ".";
      out.add(TensorSpec.of(at + "input_layernorm.weight", WIDTH));
      out.add(TensorSpec.of(at + "self_attn.q_proj.weight", WIDTH, WIDTH));
      out.add(TensorSpec.of(at + "self_attn.k_proj.weight", KEYS, WIDTH));
      out.add(TensorSpec.of(at + "self_attn.v_proj.weight", KEYS, WIDTH));
      out.add(TensorSpec.of(at + "self_attn.o_proj.weight", WIDTH, WIDTH));
      out.add(TensorSpec.of(at + "post_attention_layernorm.weight", WIDTH));
      out.add(TensorSpec.of(at + "mlp.gate_proj.weight", INNER, WIDTH));
      out.add(TensorSpec.of(at + "mlp.up_proj.weight", INNER, WIDTH));
      out.add(TensorSpec.of(at + "mlp.down_proj.weight", WIDTH, INNER));
    }
    out.add(TensorSpec.of("model.norm.weight", WIDTH));
    return out;
  }

  /** Uniform within ±0.04; norms are 1. */
  private static SafeTensors.Item item(TensorSpec spec, Arena arena) {
    MemorySegment values = arena.allocate(2 * spec.elements(), 2);
    var random = Seeds.stream(1, spec.name());
    boolean norm = spec.shape().size() == 1;
    for (long i = 0; i < spec.elements(); i++) {
      float value = norm ? 1 : (random.nextFloat() - 0.5f) * 0.08f;
      short half = (short) (Float.floatToRawIntBits(value) >>> 16);
      values.setAtIndex(ValueLayout.JAVA_SHORT, i, half);
    }
    return new SafeTensors.Item(spec, Encoding.BF16, values);
  }

  Path path() {
    return folder;
  }

  @Override
  public void close() {
    try (var files = Files.list(folder)) {
      for (var file : files.toList()) {
        Files.delete(file);
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
