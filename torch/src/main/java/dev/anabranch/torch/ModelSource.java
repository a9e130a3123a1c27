package dev.anabranch.torch;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * Where a model comes from.
 *
 * @param name as in a plan
 * @param file the weights: an ONNX graph, safetensors beside their {@code config.json}, or the
 *     folder of these; an empty path where every variable is drawn
 * @param tokenizer its {@code tokenizer.json}; an empty path for a model that reads no text
 * @param sha256 of {@code file}, in lower-case hexadecimal digits; of the settings where there is
 *     none
 * @param keepLayers the layers that are used, ascending and numbered anew; empty: all
 * @param config settings under the keys of {@code config.json}, in place of that file; empty: the
 *     file's
 */
public record ModelSource(
    String name,
    Path file,
    Path tokenizer,
    String sha256,
    List<Integer> keepLayers,
    Map<String, Object> config) {
  public ModelSource {
    keepLayers = List.copyOf(keepLayers);
    config = Map.copyOf(config);
  }

  /** All layers of a model that brings its configuration along. */
  public ModelSource(String name, Path file, Path tokenizer, String sha256) {
    this(name, file, tokenizer, sha256, List.of(), Map.of());
  }

  /** The same model with some of its layers alone; all of them if none is named. */
  public ModelSource keeping(List<Integer> layers) {
    return layers.isEmpty()
        ? this
        : new ModelSource(name + layers, file, tokenizer, sha256, layers, config);
  }

  /** Whether there are no weights, so that every variable is drawn. */
  public boolean drawn() {
    return file.toString().isEmpty();
  }
}
