package dev.anabranch.torch;

import dev.anabranch.core.Check;
import dev.anabranch.core.Engine;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.internal.CpuFlags;
import dev.anabranch.torch.internal.GivenConfig;
import dev.anabranch.torch.internal.KeptLayers;
import java.util.List;
import java.util.Optional;

/** Opens the engine that a model's architecture needs. */
public final class Engines {
  private Engines() {}

  /**
   * Checks the model file and starts the lanes; weights are loaded when they are first needed.
   *
   * @param frozen precision of frozen layers
   * @param lanes threads that compute, at least 1
   * @throws dev.anabranch.core.AnabranchException CORRUPT or MODEL for a bad file, PLAN for a task
   *     that does not fit the model
   */
  public static Engine open(
      ModelSource source, TorchEngine.Task task, Precision frozen, int lanes) {
    if (isBert(source)) {
      requireTexts(task);
      return TorchEngine.open(source, task, frozen, lanes);
    }
    boolean bf16 = frozen == Precision.BF16 || (frozen == Precision.AUTO && CpuFlags.bf16());
    var stored = KeptLayers.of(open(source), source.keepLayers());
    return FamilyEngine.open(source, stored, task, bf16, lanes);
  }

  private static void requireTexts(TorchEngine.Task task) {
    Check.that(
        !task.images(), "task.kind", "image-classification", "text-classification for a bert");
  }

  private static Pretrained open(ModelSource source) {
    return source.config().isEmpty()
        ? Pretrained.open(source.file())
        : GivenConfig.open(source.name(), source.file(), source.config());
  }

  /** An engine with the costs of a model but without values; empty for other than BERT models. */
  public static Optional<DryEngine> dry(
      ModelSource source, TorchEngine.Task task, Precision frozen) {
    if (!isBert(source)) {
      return Optional.empty();
    }
    requireTexts(task);
    return Optional.of(DryEngine.open(source, task, frozen));
  }

  /**
   * The token that ends a text, {@code eos_token_id}, of which there may be several: the first; -1
   * if the model names none.
   */
  public static int end(ModelSource source) {
    if (isOnnx(source)) {
      return -1;
    }
    try (var stored = open(source)) {
      var found = stored.config().get("eos_token_id");
      if (found instanceof List<?> list && !list.isEmpty()) {
        found = list.get(0);
      }
      return found instanceof Number n ? n.intValue() : -1;
    }
  }

  /** An ONNX graph, and whatever does not say that it is something else. */
  private static boolean isBert(ModelSource source) {
    if (isOnnx(source)) {
      return true;
    }
    try (var stored = open(source)) {
      return stored.config().getOrDefault("model_type", "bert").equals("bert");
    }
  }

  private static boolean isOnnx(ModelSource source) {
    return source.file().toString().endsWith(".onnx");
  }
}
