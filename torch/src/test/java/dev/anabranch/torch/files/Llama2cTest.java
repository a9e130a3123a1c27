package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file of two layers: width 8, 2 heads over 1, inner width 4, 3 words, 5 positions. */
class Llama2cTest {
  @TempDir Path folder;

  private static byte[] model(int vocabulary) {
    var out = new ByteArrayOutputStream();
    for (int size : new int[] {8, 4, 2, 2, 1, vocabulary, 5}) {
      out.writeBytes(GgufBytes.le(4, size));
    }
    int values =
        24 + 2 * (8 + 64 + 32 + 32 + 64 + 8 + 3 * 32) + 8 + 5 * 4 + (vocabulary > 0 ? 0 : 24);
    for (int i = 0; i < values; i++) {
      out.writeBytes(GgufBytes.le(4, Float.floatToIntBits(i)));
    }
    return out.toByteArray();
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(folder.resolve("m.bin"), bytes);
  }

  private static float[] read(Pretrained model, String tensor) {
    float[] out = new float[(int) model.tensors().get(tensor).elements()];
    model.fp32(tensor, MemorySegment.ofArray(out));
    return out;
  }

  @Test
  void findsEachTensor() throws Exception {
    try (var model = Pretrained.open(file(model(3)))) {
      assertThat(model.tensors()).hasSize(2 + 2 * 9);
      assertThat(model.config())
          .containsEntry("tie_word_embeddings", true)
          .containsEntry("head_dim", 4.0);
      assertThat(read(model, "model.layers.1.input_layernorm.weight")[0]).isEqualTo(32);
      float[] query = read(model, "model.layers.1.self_attn.q_proj.weight");
      assertThat(query[0]).isEqualTo(24 + 16 + 64);
      assertThat(query[8]).isEqualTo(24 + 16 + 64 + 16);
      float[] value = read(model, "model.layers.0.self_attn.v_proj.weight");
      assertThat(value[8]).isEqualTo(24 + 16 + 128 + 64 + 8);
      assertThat(model.tensors().get("model.layers.0.mlp.down_proj.weight").shape())
          .containsExactly(8, 4);
      assertThat(read(model, "model.norm.weight")[7]).isEqualTo(24 + 2 * 304 + 7);
    }
  }

  @Test
  void aNegativeVocabularyHasAHeadOfItsOwn() throws Exception {
    try (var model = Pretrained.open(file(model(-3)))) {
      assertThat(model.config()).containsEntry("tie_word_embeddings", false);
      assertThat(read(model, "lm_head.weight")[0]).isEqualTo(24 + 2 * 304 + 8 + 20);
    }
  }

  private void refused(byte[] bytes, String text) throws IOException {
    var file = file(bytes);
    assertThatThrownBy(() -> Pretrained.open(file)).hasMessageStartingWith("m.bin: " + text);
  }

  @Test
  void refusesWhatDoesNotFit() throws Exception {
    byte[] sound = model(3);
    refused(new byte[27], "bytes: 27 (expected: at least 28)");
    refused(
        Arrays.copyOf(sound, sound.length - 4), "bytes: 2664 (expected: 2668, as its sizes say)");
    refused(
        Arrays.copyOf(sound, sound.length + 4), "bytes: 2672 (expected: 2668, as its sizes say)");
    refused(new byte[40], "dim: 0 (expected: 1 to 65536)");
    refused(
        GgufBytes.join(GgufBytes.le(4, 0x616b3432), GgufBytes.le(4, 2), new byte[300]),
        "version: 2 (expected: a file of version 0)");
    sound[16] = 2;
    sound[12] = 3;
    refused(sound, "n_heads: 3 and 2 (expected: even parts of 8, the second of the first)");
  }

  @Provide
  Arbitrary<Fuzz.Damage> damage() {
    return Fuzz.damage();
  }

  @Property(tries = 500)
  void damageIsReadOrRefused(@ForAll("damage") Fuzz.Damage damage) {
    Fuzz.survives(
        damage.to(Arrays.copyOf(model(3), 2668)),
        mapped -> {
          var model = new Llama2c(mapped).read();
          model.tensors().keySet().forEach(name -> read(model, name));
        });
  }
}
