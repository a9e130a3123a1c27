package dev.anabranch.torch.files;

import dev.anabranch.core.Folklore;
import dev.anabranch.core.TensorSpec;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A model file of llama2.c, version 0: seven sizes, then 32-bit floats, each kind of tensor for all
 * layers together. Under the names and in the layout of Hugging Face: rows of query and key, which
 * lie in pairs, are put back in order. The tables of rotary positions at its end are not read.
 */
@Folklore("format of llama2.c, export.py, legacy_export")
final class Llama2c {
  private static final int HEADER = 7 * Integer.BYTES;
  private static final int MAGIC = 0x616b3432; // "ak42", of versions 1 and 2

  private final Mapped file;
  private final Map<String, MappedModel.Placed> placed = new LinkedHashMap<>();
  private long at = HEADER;

  Llama2c(Mapped file) {
    this.file = file;
  }

  static Pretrained open(Path path) {
    return Mapped.open(path, file -> new Llama2c(file).read());
  }

  private int size(int index, String name, int most) {
    int value = file.bytes().get(Values.INT, (long) index * Integer.BYTES);
    if (value < 1 || value > most) {
      throw file.broken(name, value, "1 to " + most);
    }
    return value;
  }

  Pretrained read() {
    if (file.bytes().byteSize() < HEADER) {
      throw file.broken("bytes", file.bytes().byteSize(), "at least " + HEADER);
    }
    if (file.bytes().get(Values.INT, 0) == MAGIC) {
      throw file.unsupported("version", file.bytes().get(Values.INT, 4), "a file of version 0");
    }
    int width = size(0, "dim", 1 << 16);
    int inner = size(1, "hidden_dim", 1 << 18);
    int layers = size(2, "n_layers", 1 << 12);
    int heads = size(3, "n_heads", width);
    int keyHeads = size(4, "n_kv_heads", heads);
    int vocabulary = file.bytes().get(Values.INT, 5L * Integer.BYTES);
    boolean tied = vocabulary > 0;
    int words = Math.abs(vocabulary);
    int positions = size(6, "seq_len", 1 << 22);
    if (words < 1 || words > 1 << 22) {
      throw file.broken("vocab_size", vocabulary, "1 to " + (1 << 22) + " or below 0");
    }
    if (width % heads != 0 || width / heads % 2 != 0 || heads % keyHeads != 0) {
      throw file.broken(
          "n_heads",
          heads + " and " + keyHeads,
          "even parts of " + width + ", the second of the first");
    }
    int head = width / heads;
    long expected = HEADER;
    expected += 4L * words * width * (tied ? 1 : 2) + 4L * width;
    expected += 4L * layers * (2L * width + 2L * width * width + 2L * keyHeads * head * width);
    expected += 4L * layers * 3 * width * inner + 4L * positions * head;
    if (file.bytes().byteSize() != expected) {
      throw file.broken("bytes", file.bytes().byteSize(), expected + ", as its sizes say");
    }
    take("model.embed_tokens.weight", 0, words, width);
    layers(layers, "input_layernorm", 0, width);
    layers(layers, "self_attn.q_proj", head, width, width);
    layers(layers, "self_attn.k_proj", head, (long) keyHeads * head, width);
    layers(layers, "self_attn.v_proj", 0, (long) keyHeads * head, width);
    layers(layers, "self_attn.o_proj", 0, width, width);
    layers(layers, "post_attention_layernorm", 0, width);
    layers(layers, "mlp.gate_proj", 0, inner, width);
    layers(layers, "mlp.down_proj", 0, width, inner);
    layers(layers, "mlp.up_proj", 0, inner, width);
    take("model.norm.weight", 0, width);
    at += 4L * positions * head; // cosines and sines
    if (!tied) {
      take("lm_head.weight", 0, words, width);
    }
    return new MappedModel(
        config(width, inner, layers, heads, keyHeads, words, positions, tied), placed, file);
  }

  private static Map<String, Object> config(
      int width,
      int inner,
      int layers,
      int heads,
      int keyHeads,
      int words,
      int positions,
      boolean tied) {
    int headWidth = width / heads;
    var config = new LinkedHashMap<String, Object>();
    config.put("model_type", "llama");
    config.put("hidden_act", "silu");
    config.put("hidden_size", (double) width);
    config.put("num_hidden_layers", (double) layers);
    config.put("intermediate_size", (double) inner);
    config.put("num_attention_heads", (double) heads);
    config.put("num_key_value_heads", (double) keyHeads);
    config.put("head_dim", (double) headWidth);
    config.put("max_position_embeddings", (double) positions);
    config.put("rms_norm_eps", 1e-5);
    config.put("rope_theta", 10_000.0);
    config.put("vocab_size", (double) words);
    config.put("tie_word_embeddings", tied);
    config.put("attention_bias", false);
    config.put("bos_token_id", 1.0);
    config.put("eos_token_id", 2.0);
    return config;
  }

  private void layers(int layers, String name, int pairedRows, long... shape) {
    for (int i = 0; i < layers; i++) {
      take("model.layers." + i + "." + name + ".weight", pairedRows, shape);
    }
  }

  private void take(String name, int pairedRows, long... shape) {
    var stored = new Stored(TensorSpec.of(name, shape), Encoding.F32);
    MemorySegment values = file.bytes().asSlice(at, stored.bytes());
    placed.put(name, new MappedModel.Placed(stored, values, pairedRows));
    at += stored.bytes();
  }
}
