package dev.anabranch.torch;

import java.nio.file.Path;
import java.util.List;

/**
 * Where a model comes from.
 *
 * @param name as in a plan
 * @param file the weights: an ONNX graph, safetensors beside their {@code config.json}, or the
 *     folder of these
 * @param tokenizer its {@code tokenizer.json}
 * @param sha256 of {@code file}, in lower-case hexadecimal digits
 * @param keepLayers the layers that are used, ascending and numbered anew; empty: all
 */
public record ModelSource(
    String name, Path file, Path tokenizer, String sha256, List<Integer> keepLayers) {
  public ModelSource {
    keepLayers = List.copyOf(keepLayers);
  }

  public ModelSource(String name, Path file, Path tokenizer, String sha256) {
    this(name, file, tokenizer, sha256, List.of());
  }

  /** The same model with some of its layers alone; all of them if none is named. */
  public ModelSource keeping(List<Integer> layers) {
    return layers.isEmpty()
        ? this
        : new ModelSource(name + layers, file, tokenizer, sha256, layers);
  }
}
