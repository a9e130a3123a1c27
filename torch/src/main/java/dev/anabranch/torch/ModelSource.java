package dev.anabranch.torch;

import java.nio.file.Path;
import java.util.Map;

/**
 * Where a model comes from.
 *
 * @param name as in a plan
 * @param file the weights: an ONNX graph, or safetensors beside their {@code config.json}; an empty
 *     path where every variable is drawn
 * @param tokenizer its {@code tokenizer.json}; an empty path for a model that reads no text
 * @param sha256 of {@code file}, in lower-case hexadecimal digits; of the settings where there is
 *     none
 * @param config settings under the keys of {@code config.json}, in place of that file; empty: the
 *     file's
 */
public record ModelSource(
    String name, Path file, Path tokenizer, String sha256, Map<String, Object> config) {
  public ModelSource {
    config = Map.copyOf(config);
  }

  /** A model that brings its configuration along. */
  public ModelSource(String name, Path file, Path tokenizer, String sha256) {
    this(name, file, tokenizer, sha256, Map.of());
  }
}
