package dev.anabranch.torch.internal;

import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.files.Pretrained;

/** Which reader a model file needs. */
public final class Formats {
  private Formats() {}

  /** An ONNX graph, and whatever does not say that it is something else. */
  public static boolean isBert(ModelSource source) {
    if (isOnnx(source)) {
      return true;
    }
    try (var stored = read(source)) {
      return stored.config().getOrDefault("model_type", "bert").equals("bert");
    }
  }

  public static boolean isOnnx(ModelSource source) {
    return source.file().toString().endsWith(".onnx");
  }

  /** Opens what the source names, all layers, under the configuration that it brings. */
  public static Pretrained read(ModelSource source) {
    return source.config().isEmpty()
        ? Pretrained.open(source.file())
        : GivenConfig.open(source.name(), source.file(), source.config());
  }

  /** Opens any other than a BERT model, with its kept layers alone; the caller closes it. */
  public static Pretrained open(ModelSource source) {
    return KeptLayers.of(read(source), source.keepLayers());
  }
}
