package dev.anabranch.torch;

import java.nio.file.Path;

/**
 * Where a model comes from.
 *
 * @param name as in a plan
 * @param file the weights: an ONNX graph, or safetensors beside their {@code config.json}
 * @param tokenizer its {@code tokenizer.json}
 * @param sha256 of {@code file}, in lower-case hexadecimal digits
 */
public record ModelSource(String name, Path file, Path tokenizer, String sha256) {}
