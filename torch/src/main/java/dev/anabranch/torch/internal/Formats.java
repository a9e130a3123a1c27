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
    try (var stored = Pretrained.open(source.file())) {
      return stored.config().getOrDefault("model_type", "bert").equals("bert");
    }
  }

  public static boolean isOnnx(ModelSource source) {
    return source.file().toString().endsWith(".onnx");
  }

  /** Opens any other than a BERT model, with its kept layers alone; the caller closes it. */
  public static Pretrained open(ModelSource source) {
    return KeptLayers.of(Pretrained.open(source.file()), source.keepLayers());
  }
}
