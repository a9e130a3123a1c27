package dev.anabranch.torch.internal;

import java.nio.file.Path;

/** Which reader a model file needs. */
public final class Formats {
  private Formats() {}

  /** An ONNX graph, and a folder whose {@code config.json} says so or is not there. */
  public static boolean isBert(Path file) {
    return file.toString().endsWith(".onnx") || HuggingFace.type(file).equals("bert");
  }

  /** Opens any other model; the caller closes it. */
  public static Stored open(Path file) {
    return HuggingFace.open(file);
  }
}
