package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GgufTest {
  @TempDir Path folder;

  private static byte[] le(int bytes, long value) {
    return GgufBytes.le(bytes, value);
  }

  /** One value of each type. */
  private static GgufBytes everyType() {
    byte[] inner = GgufBytes.join(le(4, 0), le(8, 2), le(1, 5), le(1, 250));
    return new GgufBytes()
        .put("u8", 0, le(1, 200))
        .put("i8", 1, le(1, -3))
        .put("u16", 2, le(2, 60_000))
        .put("i16", 3, le(2, -300))
        .put("u32", 4, le(4, 4_000_000_000L))
        .put("i32", 5, le(4, -70_000))
        .put("f32", 0.5f)
        .put("bool", true)
        .put("text", "héllo")
        .put("u64", 10, le(8, 1L << 40))
        .put("i64", 11, le(8, -(1L << 40)))
        .put("f64", 12, le(8, Double.doubleToLongBits(-1.25)))
        .texts("texts", List.of("a", "", "▁b"))
        .floats("floats", 1, -2)
        .put("nested", 9, GgufBytes.join(le(4, 9), le(8, 2), inner, inner));
  }

  /** Two layers would say no more than one. */
  static GgufBytes model(String architecture) {
    return model(new GgufBytes(), architecture);
  }

  private static GgufBytes model(GgufBytes bytes, String architecture) {
    bytes
        .put("general.architecture", architecture)
        .put(architecture + ".embedding_length", 8)
        .put(architecture + ".block_count", 1)
        .put(architecture + ".feed_forward_length", 4)
        .put(architecture + ".attention.head_count", 2)
        .put(architecture + ".attention.head_count_kv", 1)
        .put(architecture + ".context_length", 16)
        .put(architecture + ".attention.layer_norm_rms_epsilon", 1e-6f)
        .put(architecture + ".rope.freq_base", 500_000f)
        .tensor("token_embd.weight", numbers(24), 3, 8)
        .tensor("output_norm.weight", numbers(8), 8);
    for (var name : List.of("attn_norm", "ffn_norm")) {
      bytes.tensor("blk.0." + name + ".weight", numbers(8), 8);
    }
    return bytes
        .tensor("blk.0.attn_q.weight", numbers(64), 8, 8)
        .tensor("blk.0.attn_k.weight", numbers(32), 4, 8)
        .tensor("blk.0.attn_v.weight", numbers(32), 4, 8)
        .tensor("blk.0.attn_output.weight", numbers(64), 8, 8)
        .tensor("blk.0.ffn_gate.weight", numbers(32), 4, 8)
        .tensor("blk.0.ffn_up.weight", numbers(32), 4, 8)
        .tensor("blk.0.ffn_down.weight", numbers(32), 8, 4);
  }

  private static float[] numbers(int n) {
    float[] out = new float[n];
    for (int i = 0; i < n; i++) {
      out[i] = i;
    }
    return out;
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("m.gguf"), bytes);
  }

  private static float[] read(Pretrained model, String tensor) {
    float[] out = new float[(int) model.tensors().get(tensor).elements()];
    model.fp32(tensor, MemorySegment.ofArray(out));
    return out;
  }

  @ParameterizedTest
  @ValueSource(ints = {2, 3})
  void readsEveryTypeOfMetadata(int version) throws Exception {
    try (var file = Gguf.open(file(everyType().version(version).bytes()))) {
      var found = file.metadata();
      assertThat(found)
          .containsAllEntriesOf(
              Map.of("u8", 200L, "i8", -3L, "u16", 60_000L, "i16", -300L, "u32", 4_000_000_000L))
          .containsAllEntriesOf(Map.of("i32", -70_000L, "f32", 0.5, "bool", true, "text", "héllo"))
          .containsAllEntriesOf(Map.of("u64", 1L << 40, "i64", -(1L << 40), "f64", -1.25));
      assertThat(array(found, "texts").strings()).containsExactly("a", "", "▁b");
      assertThat(array(found, "floats").numbers()).containsExactly(1, -2);
      assertThat(array(found, "nested").values())
          .allSatisfy(inner -> assertThat(((GgufArray) inner).values()).containsExactly(5L, 250L))
          .hasSize(2);
      assertThatThrownBy(() -> array(found, "floats").strings())
          .hasMessage(
              "m.gguf: floats: an array of type 6 (expected: an array of texts); get the file"
                  + " again");
    }
  }

  private static GgufArray array(Map<String, Object> metadata, String key) {
    return (GgufArray) metadata.get(key);
  }

  @Test
  void givesHuggingFacesNamesAndRows() throws Exception {
    try (var model = Pretrained.open(file(model(new GgufBytes().alignment(64), "llama").bytes()))) {
      assertThat(model.tensors().keySet())
          .containsExactly(
              "model.embed_tokens.weight",
              "model.norm.weight",
              "model.layers.0.input_layernorm.weight",
              "model.layers.0.post_attention_layernorm.weight",
              "model.layers.0.self_attn.q_proj.weight",
              "model.layers.0.self_attn.k_proj.weight",
              "model.layers.0.self_attn.v_proj.weight",
              "model.layers.0.self_attn.o_proj.weight",
              "model.layers.0.mlp.gate_proj.weight",
              "model.layers.0.mlp.up_proj.weight",
              "model.layers.0.mlp.down_proj.weight");
      assertThat(model.config())
          .containsAllEntriesOf(
              Map.of(
                  "model_type", "llama",
                  "hidden_size", 8.0,
                  "num_attention_heads", 2.0,
                  "num_key_value_heads", 1.0,
                  "head_dim", 4.0,
                  "rms_norm_eps", 1e-6,
                  "rope_theta", 500_000.0,
                  "vocab_size", 3.0,
                  "tie_word_embeddings", true));
      // each row begins with 8 times its place in the file; two heads of 4 rows
      float[] query = read(model, "model.layers.0.self_attn.q_proj.weight");
      assertThat(new float[] {query[0], query[8], query[16], query[24], query[32], query[40]})
          .containsExactly(0, 16, 8, 24, 32, 48);
      assertThat(read(model, "model.layers.0.self_attn.v_proj.weight")).isEqualTo(numbers(32));
      assertThatThrownBy(() -> model.fp32("lm_head.weight", MemorySegment.NULL))
          .hasMessage(
              "m.gguf: tensor 'lm_head.weight': missing (expected: one of the model's tensors)");
    }
  }

  /** This architecture turns halves, as Hugging Face does. */
  @Test
  void leavesTheRowsOfQwenAlone() throws Exception {
    try (var model = Pretrained.open(file(model("qwen2").bytes()))) {
      assertThat(read(model, "model.layers.0.self_attn.q_proj.weight")).isEqualTo(numbers(64));
    }
  }

  private void refused(byte[] bytes, String text) throws IOException {
    var file = file(bytes);
    assertThatThrownBy(() -> Pretrained.open(file).close())
        .isInstanceOf(AnabranchException.class)
        .hasMessageStartingWith("m.gguf: " + text);
  }

  @Test
  void refusesWhatItDoesNotKnow() throws Exception {
    refused(
        model("mamba").bytes(), "general.architecture: mamba (expected: one of [llama, qwen2])");
    refused(
        model("llama").tensor("rope_freqs.weight", numbers(2), 2).bytes(),
        "tensor 'rope_freqs.weight': not known (expected: a tensor of the architecture llama)");
    refused(
        new GgufBytes().tensor("a", 16, new byte[66], 256).bytes(),
        "type of 'a': IQ2_XXS (expected: one of F64, F32, F16, BF16, I64, I32, I16, I8, Q4_0, Q4_1,"
            + " Q5_0, Q5_1, Q8_0, Q2_K, Q3_K, Q4_K, Q5_K, Q6_K)");
    refused(new GgufBytes().version(1).bytes(), "version: 1 (expected: 2 or 3, little-endian)");
    refused(
        new GgufBytes().version(3 << 24).bytes(),
        "version: big-endian (expected: 2 or 3, little-endian)");
    refused(
        model("llama").put("llama.rope.scaling.type", "linear").bytes(),
        "llama.rope.scaling.type: linear (expected: none)");
  }

  @Test
  void refusesWhatIsDamaged() throws Exception {
    byte[] sound = model("llama").bytes();
    refused("GGML".getBytes(java.nio.charset.StandardCharsets.US_ASCII), "magic: 0x4c4d4747");
    refused(Arrays.copyOf(sound, sound.length - 32), "bytes of 'blk.0.ffn_down.weight': 128");
    refused(Arrays.copyOf(sound, sound.length + 1), "bytes: " + (sound.length + 1));
    refused(
        model("llama").put("llama.block_count", 2).bytes(),
        "key 'llama.block_count': twice (expected: once)");
    refused(
        new GgufBytes().tensor("a", numbers(8), 8).tensor("a", numbers(8), 8).bytes(),
        "tensor 'a': twice (expected: once)");
    refused(
        new GgufBytes().tensor("a", 2, new byte[18], 33).bytes(),
        "row of 'a': 33 (expected: a multiple of 32 for Q4_0)");
    refused(
        new GgufBytes().tensor("a", 0, new byte[32], 1L << 62, 4).bytes(),
        "shape of 'a': 4611686018427387904 (expected: 1 or more, less than 2^59 in all)");
    refused(
        new GgufBytes().put("k", 8, le(8, 1L << 50)).bytes(),
        "k: length: 1125899906842624 (expected: 0 to 64)");
    refused(
        new GgufBytes().put("k", 9, GgufBytes.join(le(4, 0), le(8, -1))).bytes(),
        "number of values in 'k': 18446744073709551615 (expected: 0 to ");
    refused(new GgufBytes().put("k", 13, le(8, 0)).bytes(), "type of 'k': 13 (expected: 0 to 12)");
    refused(new GgufBytes().put("k", 7, le(1, 2)).bytes(), "k: 2 (expected: 0 or 1)");
    refused(
        new GgufBytes().put("general.alignment", 48).bytes(),
        "general.alignment: 48 (expected: a power of two up to 65536)");
  }

  /** An offset that points into another tensor. */
  @Test
  void refusesTensorsThatOverlap() throws Exception {
    byte[] bytes = new GgufBytes().tensor("a", numbers(8), 8).tensor("b", numbers(8), 8).bytes();
    var all = MemorySegment.ofArray(bytes);
    for (long at = 0; at < 128; at++) {
      if (all.get(ValueLayout.JAVA_LONG_UNALIGNED, at) == 32 && bytes[(int) at - 4] == 0) {
        all.set(ValueLayout.JAVA_LONG_UNALIGNED, at, 0);
        break;
      }
    }
    refused(bytes, "offset of 'b': 0 (expected: 32)");
  }

  @Test
  void refusesArraysInArraysWithoutEnd() throws Exception {
    byte[] value = GgufBytes.join(le(4, 0), le(8, 0));
    for (int i = 0; i < 20; i++) {
      value = GgufBytes.join(le(4, 9), le(8, 1), value);
    }
    refused(
        new GgufBytes().put("k", 9, value).bytes(),
        "arrays in 'k': deeper (expected: at most 8 levels)");
  }

  @Provide
  Arbitrary<Fuzz.Damage> damage() {
    return Fuzz.damage();
  }

  @Property(tries = 1500)
  void damageIsReadOrRefused(@ForAll("damage") Fuzz.Damage damage) {
    byte[] bytes =
        everyType().tensor("a", numbers(8), 2, 4).tensor("b", 2, new byte[18], 32).bytes();
    Fuzz.survives(
        damage.to(bytes),
        mapped -> {
          var file = new Gguf(mapped);
          file.metadata()
              .values()
              .forEach(value -> {
                if (value instanceof GgufArray array) {
                  assertThat(array.values()).hasSize(array.size());
                }
              });
          file.tensors()
              .forEach((name, stored) ->
                  Values.read(
                      file.bytes(name),
                      stored.encoding(),
                      MemorySegment.ofArray(new float[(int) stored.elements()]),
                      Values.As.FP32));
        });
  }

  @Property(tries = 1000)
  void aDamagedModelIsReadOrRefused(@ForAll("damage") Fuzz.Damage damage) {
    Fuzz.survives(
        damage.to(model("llama").bytes()),
        mapped -> {
          var model = GgufModel.of(new Gguf(mapped));
          model.tensors().keySet().forEach(name -> read(model, name));
        });
  }
}
