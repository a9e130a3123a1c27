package dev.anabranch.torch;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.torch.internal.Digests;
import dev.anabranch.torch.internal.HuggingFace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A BERT model on disk: a Hugging Face folder with {@code config.json}, {@code model.safetensors}
 * and {@code tokenizer.json}, or an ONNX file beside its {@code tokenizer.json}.
 */
public final class PathModel implements ModelProvider {
  private static final Knob.Text PATH =
      new Knob.Text("path", "", "a Hugging Face folder, or an ONNX file beside tokenizer.json");

  @Override
  public Kind<ModelSource> kind() {
    return Kind.of(
        "path",
        "a BERT model on disk: a Hugging Face folder or an ONNX file",
        List.of(PATH),
        settings -> find(settings.text(PATH)));
  }

  private static ModelSource find(String text) {
    var path = Path.of(text).toAbsolutePath().normalize();
    var file = Files.isDirectory(path) ? path.resolve("model.safetensors") : path;
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
    boolean reads = !HuggingFace.type(file).equals("vit");
    var tokenizer = reads ? require(file.resolveSibling("tokenizer.json")) : Path.of("");
    try {
      return new ModelSource(text, file, tokenizer, Digests.sha256(file));
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.MODEL, file + ": " + e.getMessage() + " (expected: a readable file)", e);
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
