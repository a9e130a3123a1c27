package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.torch.files.TokenizerFiles;
import dev.anabranch.torch.internal.Digests;
import dev.anabranch.torch.internal.LibTorch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A model on disk: a Hugging Face folder with {@code config.json}, {@code tokenizer.json} and
 * {@code model.safetensors} or several files and their index; a GGUF file, which holds its
 * tokenizer; a {@code .bin} file of llama2.c beside its {@code tokenizer.bin}; or a BERT model's
 * ONNX file beside its {@code tokenizer.json}.
 */
public final class PathModel implements ModelProvider {
  private static final Knob.Text PATH =
      new Knob.Text(
          "path", "", "a Hugging Face folder, a .gguf, a llama2.c .bin or a BERT model's .onnx");

  @Override
  public Kind<ModelSource> kind() {
    return Kind.of(
        "path",
        "a model on disk: a Hugging Face folder, GGUF, llama2.c, or a BERT model's ONNX file",
        List.of(PATH),
        settings -> find(settings.text(PATH)));
  }

  private static ModelSource find(String text) {
    var path = Path.of(text).toAbsolutePath().normalize();
    var file = Files.isDirectory(path) ? weights(path) : path;
    if (text.isBlank() || !Files.isRegularFile(file)) {
      throw AnabranchException.expected(
          Failure.MODEL,
          "model.path",
          text.isBlank() ? "not given" : file + ": missing",
          "a folder with config.json, model.safetensors and tokenizer.json, or a .gguf, .bin or"
              + " .onnx file");
    }
    if (Files.isDirectory(path)) {
      require(path.resolve("config.json"));
    }
    try {
      var sha256 = sha256(file);
      var weights = file.toString().endsWith(".json") ? file.resolveSibling(".").normalize() : file;
      return new ModelSource(text, weights, tokenizer(file, sha256), sha256);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getMessage() + " (expected: a readable file)", e);
    }
  }

  /** The one file of a folder; of several files their index, which names and orders them. */
  private static Path weights(Path folder) {
    var index = folder.resolve("model.safetensors.index.json");
    return Files.isRegularFile(index) ? index : folder.resolve("model.safetensors");
  }

  /** Of a model in several files that of the lines {@code sha256 name}. */
  private static String sha256(Path file) throws IOException {
    if (!file.toString().endsWith(".json")) {
      return Digests.sha256(file);
    }
    try (var stream = Files.list(file.resolveSibling("."))) {
      var parts =
          stream.filter(p -> p.toString().endsWith(".safetensors")).map(Path::normalize).sorted();
      var lines = new StringBuilder();
      for (var part : parts.toList()) {
        lines.append(Digests.sha256(part)).append(' ').append(part.getFileName()).append('\n');
      }
      return Digests.sha256(lines.toString());
    }
  }

  /** The tokenizer beside a file, or the one in another form, written anew into the cache. */
  private static Path tokenizer(Path file, String sha256) {
    var name = file.toString();
    return name.endsWith(".gguf") || name.endsWith(".bin")
        ? TokenizerFiles.write(file, LibTorch.cache().resolve("tokenizers").resolve(sha256))
        : require(file.resolveSibling("tokenizer.json"));
  }

  private static Path require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw AnabranchException.expected(
          Failure.MODEL, file.getFileName().toString(), "missing", "the file " + file);
    }
    return file;
  }
}
