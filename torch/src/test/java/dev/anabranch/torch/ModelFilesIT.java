package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.InstanceOfAssertFactories.type;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Settings;
import dev.anabranch.torch.internal.BundledModel;
import dev.anabranch.torch.internal.Checkpoint;
import dev.anabranch.torch.internal.LibTorch;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a model file can be, and how a bad one is refused. */
class ModelFilesIT {
  @TempDir private Path folder;

  private static void refused(ThrowingCallable call, Failure failure, String text) {
    assertThatThrownBy(call)
        .asInstanceOf(type(AnabranchException.class))
        .satisfies(e -> assertThat(e).hasMessageContaining(text))
        .extracting(AnabranchException::failure)
        .isEqualTo(failure);
  }

  private Path safetensors() throws Exception {
    Files.copy(Given.golden("bert/config.json"), folder.resolve("config.json"));
    return Files.copy(Given.golden("bert/model.safetensors"), folder.resolve("model.safetensors"));
  }

  /** Replaces text in the header by text of the same length. */
  private static void edit(Path file, String from, String to) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    var text = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(to).hasSameSizeAs(from);
    assertThat(text).contains(from);
    Files.write(
        file, text.replace(from, to).getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
  }

  private static void cut(Path file, long bytes) throws IOException {
    try (var channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      channel.truncate(bytes);
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 5, 300, 60_000, 121_700})
  void aCutSafetensorsFile(long bytes) throws Exception {
    var file = safetensors();
    cut(file, bytes);
    refused(() -> Checkpoint.open(file), Failure.CORRUPT, "model.safetensors: ");
    refused(() -> Checkpoint.open(file), Failure.CORRUPT, "; get the file again");
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 1000, 1_000_000, 60_000_000, 90_984_000})
  void aCutOnnxFile(long bytes) throws Exception {
    var whole = BundledModel.MINILM.source(LibTorch.cache()).file();
    var file = folder.resolve("model.onnx");
    try (var from = FileChannel.open(whole);
        var to = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      for (long at = 0; at < bytes; ) {
        at += from.transferTo(at, bytes - at, to);
      }
    }
    refused(() -> Checkpoint.open(file), Failure.CORRUPT, "model.onnx: ");
  }

  @Test
  void aMissingTensor() throws Exception {
    var file = safetensors();
    edit(file, "bert.encoder.layer.1.output.dense.bias", "bert.encoder.layer.1.output.dense.bios");
    refused(
        () -> Checkpoint.open(file),
        Failure.MODEL,
        "model.safetensors: tensor 'encoder.layer.1.output.dense.bias': missing (expected: [32])");
  }

  @Test
  void aTensorOfAnotherShape() throws Exception {
    var file = safetensors();
    var header = new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.ISO_8859_1);
    int at = header.indexOf("\"bert.encoder.layer.2.intermediate.dense.weight\"");
    int shape = header.indexOf("[48,32]", at);
    byte[] bytes = Files.readAllBytes(file);
    System.arraycopy(
        "[32,48]".getBytes(java.nio.charset.StandardCharsets.US_ASCII), 0, bytes, shape, 7);
    Files.write(file, bytes);
    refused(
        () -> Checkpoint.open(file),
        Failure.MODEL,
        "tensor 'encoder.layer.2.intermediate.dense.weight': [32, 48] (expected: [48, 32])");
  }

  @Test
  void anotherFamily() throws Exception {
    var file = safetensors();
    edit(folder.resolve("config.json"), "\"model_type\": \"bert\"", "\"model_type\": \"gpt2\"");
    refused(
        () -> Checkpoint.open(file),
        Failure.MODEL,
        "config.json: model_type: gpt2 (expected: bert: the BERT family)");
  }

  @Test
  void aConfigOfAnotherSize() throws Exception {
    var file = safetensors();
    edit(folder.resolve("config.json"), "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 4");
    refused(
        () -> Checkpoint.open(file),
        Failure.MODEL,
        "model.safetensors: layers: 3 (expected: 4, as num_hidden_layers says)");
  }

  @Test
  void aConfigThatIsNoJson() throws Exception {
    var file = safetensors();
    Files.writeString(folder.resolve("config.json"), "{\"a\": ");
    refused(() -> Checkpoint.open(file), Failure.CORRUPT, "config.json: the end at 6");
  }

  @Test
  void aMissingFile() {
    refused(
        () -> Checkpoint.open(folder.resolve("none.onnx")),
        Failure.MODEL,
        "(expected: a readable file)");
  }

  @Test
  void aFlippedByteInTheCacheIsMended() throws Exception {
    var file = BundledModel.MINILM.source(folder).tokenizer();
    var model = BundledModel.MINILM.source(folder).file();
    try (var channel = FileChannel.open(model, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[] {7}), 50_000_000);
    }
    Files.writeString(file, "{}");
    var again = BundledModel.MINILM.source(folder);
    assertThat(Files.mismatch(again.file(), BundledModel.MINILM.source(LibTorch.cache()).file()))
        .isEqualTo(-1);
    assertThat(Files.size(again.tokenizer())).isGreaterThan(700_000);
  }

  @Test
  void aJarThatIsNotThePublishedOne() {
    var pinned = BundledModel.MINILM.tokenizer();
    var wrong =
        new BundledModel(
            "all-minilm-l6-v2",
            new BundledModel.Resource(pinned.path(), "00" + pinned.sha256().substring(2)),
            pinned);
    refused(
        () -> wrong.source(folder),
        Failure.CORRUPT,
        "all-minilm-l6-v2-tokenizer.json: SHA-256: "
            + pinned.sha256()
            + " (expected: 00"
            + pinned.sha256().substring(2)
            + ")");
  }

  @Test
  void aModelWithoutItsJar() {
    var absent = new BundledModel.Resource("absent.onnx", "00".repeat(32));
    refused(
        () -> new BundledModel("absent", absent, absent).source(folder),
        Failure.MODEL,
        "model 'absent': absent.onnx is missing (expected: the jar"
            + " langchain4j-embeddings-absent on the class path)");
  }

  @Test
  void aFolderOnDisk() throws Exception {
    var file = safetensors();
    var kind = Models.KINDS.stream().filter(k -> k.answersTo("path")).findFirst().orElseThrow();
    var settings =
        Settings.read("model.source.path", kind.knobs(), Map.of("path", folder.toString()));
    refused(
        () -> kind.make().apply(settings),
        Failure.MODEL,
        "tokenizer.json: missing (expected: the file ");
    Files.writeString(folder.resolve("tokenizer.json"), "{}");
    var source = kind.make().apply(settings);
    assertThat(source.file()).isEqualTo(file);
    assertThat(source.tokenizer()).isEqualTo(folder.resolve("tokenizer.json"));
    assertThat(source.sha256()).hasSize(64);
    try (var engine =
        TorchEngine.open(source, new TorchEngine.Task(2, 8, Pooling.CLS), Precision.FP32, 1)) {
      assertThat(engine.facts().layers()).isEqualTo(3);
      assertThat(engine.facts().sha256()).isEqualTo(source.sha256());
    }
    refused(
        () -> TorchEngine.open(source, new TorchEngine.Task(2, 33, Pooling.CLS), Precision.FP32, 1),
        Failure.PLAN,
        "task.maxTokens: 33 (expected: 1 to 32)");
  }

  @Test
  void theListOfModels() {
    assertThat(Models.KINDS)
        .extracting(dev.anabranch.core.Kind::name)
        .containsExactly(
            "all-minilm-l6-v2", "bge-small-en-v15", "e5-small-v2", "path", "resnet-cifar");
  }
}
