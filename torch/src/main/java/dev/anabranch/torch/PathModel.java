package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.torch.internal.Digests;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A model on disk: a Hugging Face folder with {@code config.json}, {@code tokenizer.json} and
 * {@code model.safetensors} or several files and their index; or a BERT model's ONNX file beside
 * its {@code tokenizer.json}.
 */
public final class PathModel implements ModelProvider {
  private static final Knob.Text PATH =
      new Knob.Text("path", "", "a Hugging Face folder, or an ONNX file beside tokenizer.json");

  @Override
  public Kind<ModelSource> kind() {
    return Kind.of(
        "path",
        "a model on disk: a Hugging Face folder, or a BERT model's ONNX file",
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
          "a folder with config.json, model.safetensors and tokenizer.json, or an ONNX file");
    }
    if (Files.isDirectory(path)) {
      require(path.resolve("config.json"));
    }
    var tokenizer = require(file.resolveSibling("tokenizer.json"));
    try {
      var weights = file.toString().endsWith(".json") ? file.resolveSibling(".").normalize() : file;
      return new ModelSource(text, weights, tokenizer, sha256(file));
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

  private static Path require(Path file) {
    if (!Files.isRegularFile(file)) {
      throw AnabranchException.expected(
          Failure.MODEL, file.getFileName().toString(), "missing", "the file " + file);
    }
    return file;
  }
}
