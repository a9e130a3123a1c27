package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The folder {@code golden/llama-sharded}, whole and damaged. */
class HuggingFaceTest {
  private static final String INDEX = "model.safetensors.index.json";
  private static final String SECOND = "model-00002-of-00004.safetensors";

  @TempDir Path temporary;
  private Path folder = Path.of("");

  @BeforeEach
  void copy() throws Exception {
    folder = Files.createDirectory(temporary.resolve("model"));
    try (var files = Files.list(Golden.path("golden/llama-sharded"))) {
      for (var file : files.toList()) {
        Files.copy(file, folder.resolve(file.getFileName()));
      }
    }
    Files.deleteIfExists(folder.resolve("expected.safetensors"));
  }

  private void edit(String file, String from, String to) throws IOException {
    var path = folder.resolve(file);
    var text = Files.readString(path);
    assertThat(text).contains(from);
    Files.writeString(path, text.replace(from, to));
  }

  private void refused(String text) {
    assertThatThrownBy(() -> Pretrained.open(folder).close())
        .isInstanceOf(AnabranchException.class)
        .hasMessageContaining(text);
  }

  @Test
  void readsAllShards() {
    try (var model = Pretrained.open(folder)) {
      assertThat(model.name()).isEqualTo("model");
      assertThat(model.tensors()).hasSize(30);
      assertThat(model.config()).containsEntry("model_type", "llama");
      assertThat(model.tensors().values().stream().mapToLong(Stored::elements).sum())
          .isEqualTo(34_528);
      for (var name : model.tensors().keySet()) {
        float[] values = new float[(int) model.tensors().get(name).elements()];
        model.fp32(name, MemorySegment.ofArray(values));
        short[] halves = new short[values.length];
        model.bf16(name, MemorySegment.ofArray(halves));
        for (int i = 0; i < values.length; i++) {
          assertThat(halves[i]).isEqualTo(Values.bf16(values[i]));
        }
      }
      model.release();
      assertThatThrownBy(() -> model.fp32("x", MemorySegment.NULL))
          .hasMessage("model: tensor 'x': missing (expected: one of the model's tensors)");
    }
  }

  @Test
  void aSingleFileIsAModelToo() {
    try (var model = Pretrained.open(folder.resolve(SECOND))) {
      assertThat(model.config()).containsEntry("hidden_size", 32.0);
      assertThat(model.tensors()).containsKey("model.layers.0.input_layernorm.weight");
    }
  }

  @Test
  void aMissingShardIsNamed() throws Exception {
    Files.delete(folder.resolve(SECOND));
    refused("shard " + SECOND + ": missing (expected: a file beside " + INDEX + ")");
  }

  @Test
  void aShardThatDisagreesIsNamed() throws Exception {
    edit(INDEX, "\"lm_head.weight\"", "\"lm_head.bias\"");
    refused("tensor 'lm_head.bias': missing (expected: there, as " + INDEX + " says)");
    edit(INDEX, "\"lm_head.bias\": \"model-00004-of-00004.safetensors\",", "");
    refused("tensor 'lm_head.weight': there (expected: listed for this file in " + INDEX + ")");
  }

  @Test
  void aTensorInTwoShardsIsNamed() throws Exception {
    Files.copy(folder.resolve(SECOND), folder.resolve("other.safetensors"));
    edit(INDEX, "\"lm_head.weight\"", "\"x\": \"other.safetensors\", \"lm_head.weight\"");
    refused("(expected: in one shard)");
  }

  /** A name in the index opens nothing outside the folder. */
  @Test
  void aShardElsewhereIsRefused() throws Exception {
    Files.copy(folder.resolve(SECOND), temporary.resolve("m.safetensors"));
    edit(INDEX, SECOND, "../m.safetensors");
    refused(
        INDEX
            + ": file: ../m.safetensors (expected: the name of a .safetensors file in the folder)");
  }

  @Test
  void aFolderWithoutWeightsIsNamed() throws Exception {
    Files.delete(folder.resolve(INDEX));
    refused(folder + ": no weights (expected: model.safetensors or " + INDEX + ")");
    Files.delete(folder.resolve("config.json"));
    refused("config.json: missing (expected: the file " + folder.resolve("config.json") + ")");
  }

  @Test
  void anotherFileIsNotAModel() throws Exception {
    var file = Files.writeString(folder.resolve("model.pt"), "x");
    assertThatThrownBy(() -> Pretrained.open(file))
        .hasMessage(
            "model file: "
                + file
                + " (expected: a Hugging Face folder, a .safetensors, a .gguf or a llama2.c .bin"
                + " file)");
  }
}
