package dev.anabranch.torch.files;

import dev.anabranch.core.Folklore;
import dev.anabranch.core.TensorSpec;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Llama-style model in a GGUF file, under the names and in the layout of Hugging Face: keys of
 * the metadata become those of {@code config.json}, and the rows of query and key, which the
 * architecture {@code llama} stores in pairs, are put back in order.
 */
@Folklore("tensor names and layout of llama.cpp")
final class GgufModel {
  private static final List<String> ARCHITECTURES = List.of("llama", "qwen2");

  private static final Map<String, String> OUTER =
      Map.of(
          "token_embd.weight", "model.embed_tokens.weight",
          "output_norm.weight", "model.norm.weight",
          "output.weight", "lm_head.weight");

  private static final Map<String, String> INNER =
      Map.of(
          "attn_norm", "input_layernorm",
          "attn_q", "self_attn.q_proj",
          "attn_k", "self_attn.k_proj",
          "attn_v", "self_attn.v_proj",
          "attn_output", "self_attn.o_proj",
          "ffn_norm", "post_attention_layernorm",
          "ffn_gate", "mlp.gate_proj",
          "ffn_up", "mlp.up_proj",
          "ffn_down", "mlp.down_proj");

  private static final Pattern LAYERED =
      Pattern.compile("blk\\.(0|[1-9][0-9]{0,4})\\.([a-z_]+)\\.(weight|bias)");

  private final Gguf file;
  private final String architecture;
  private final Map<String, Object> config = new LinkedHashMap<>();

  private GgufModel(Gguf file) {
    this.file = file;
    this.architecture = String.valueOf(file.text("general.architecture"));
  }

  static Pretrained open(Path path) {
    var file = Gguf.open(path);
    try {
      return of(file);
    } catch (RuntimeException e) {
      file.close();
      throw e;
    }
  }

  /** Takes the file over. */
  static Pretrained of(Gguf file) {
    return new GgufModel(file).read();
  }

  private Pretrained read() {
    if (!ARCHITECTURES.contains(architecture)) {
      throw file.unsupported("general.architecture", architecture, "one of " + ARCHITECTURES);
    }
    configure();
    var placed = new LinkedHashMap<String, MappedModel.Placed>();
    file.tensors()
        .forEach((name, stored) -> {
          var tensor = rename(name);
          var spec = new TensorSpec(tensor, stored.spec().shape());
          var renamed = new Stored(spec, stored.encoding());
          placed.put(
              tensor, new MappedModel.Placed(renamed, file.bytes(name), pairedRows(name, stored)));
        });
    return new MappedModel(config, placed, file.mapped());
  }

  private void configure() {
    int heads = required("attention.head_count");
    int width = required("embedding_length");
    config.put("model_type", architecture);
    config.put("hidden_act", "silu");
    put("hidden_size", width);
    put("num_hidden_layers", required("block_count"));
    put("intermediate_size", required("feed_forward_length"));
    put("num_attention_heads", heads);
    put("num_key_value_heads", given("attention.head_count_kv", heads));
    int headWidth = given("attention.key_length", heads == 0 ? 0 : width / heads);
    put("head_dim", headWidth);
    put("max_position_embeddings", required("context_length"));
    config.put("rms_norm_eps", decimal("attention.layer_norm_rms_epsilon", 1e-5));
    config.put("rope_theta", decimal("rope.freq_base", 10_000));
    var embedding = file.tensors().get("token_embd.weight");
    if (embedding != null && embedding.shape().length == 2) {
      config.put("vocab_size", (double) embedding.shape()[0]);
    }
    config.put("tie_word_embeddings", !file.tensors().containsKey("output.weight"));
    config.put("attention_bias", file.tensors().containsKey("blk.0.attn_q.bias"));
    for (var token : List.of("bos", "eos", "padding")) {
      var id = file.integer("tokenizer.ggml." + token + "_token_id");
      if (id != null) {
        put((token.equals("padding") ? "pad" : token) + "_token_id", id);
      }
    }
    refuse(headWidth);
  }

  /** What other models of these architectures have and this one must not. */
  private void refuse(int headWidth) {
    int rotated = given("rope.dimension_count", headWidth);
    if (rotated != headWidth) {
      throw file.unsupported(architecture + ".rope.dimension_count", rotated, headWidth + "");
    }
    int experts = given("expert_count", 0);
    if (experts != 0) {
      throw file.unsupported(architecture + ".expert_count", experts, "0: no mixture of experts");
    }
    var scaling = file.text(architecture + ".rope.scaling.type");
    if (scaling != null && !scaling.equals("none")) {
      throw file.unsupported(architecture + ".rope.scaling.type", scaling, "none");
    }
  }

  private void put(String key, int value) {
    config.put(key, (double) value);
  }

  private int required(String key) {
    var value = file.integer(architecture + "." + key);
    if (value == null) {
      throw file.broken(architecture + "." + key, "missing", "a whole number");
    }
    return value;
  }

  private int given(String key, int standard) {
    var value = file.integer(architecture + "." + key);
    return value == null ? standard : value;
  }

  /** The decimal that was meant: the file has it rounded to 32 bits. */
  private double decimal(String key, double standard) {
    var value = file.number(architecture + "." + key);
    return value == null ? standard : Double.parseDouble(Float.toString(value.floatValue()));
  }

  private String rename(String name) {
    var outer = OUTER.get(name);
    if (outer != null) {
      return outer;
    }
    Matcher layered = LAYERED.matcher(name);
    if (layered.matches()) {
      var inner = INNER.get(layered.group(2));
      if (inner != null) {
        return "model.layers." + layered.group(1) + "." + inner + "." + layered.group(3);
      }
    }
    throw file.unsupported(
        "tensor '" + name + "'", "not known", "a tensor of the architecture " + architecture);
  }

  private int pairedRows(String name, Stored stored) {
    boolean query = name.contains(".attn_q.");
    if (!architecture.equals("llama") || !(query || name.contains(".attn_k."))) {
      return 0;
    }
    int heads =
        query
            ? required("attention.head_count")
            : given("attention.head_count_kv", required("attention.head_count"));
    long[] shape = stored.shape();
    if (shape.length < 1
        || shape.length > 2
        || heads < 1
        || shape[0] % (2L * heads) != 0
        || shape[0] / heads > Integer.MAX_VALUE) {
      throw file.broken(
          "shape of '" + name + "'", stored.spec().shape(), "rows for " + heads + " even heads");
    }
    return (int) (shape[0] / heads);
  }
}
