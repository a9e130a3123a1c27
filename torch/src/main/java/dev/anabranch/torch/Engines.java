package dev.anabranch.torch;

import dev.anabranch.core.Check;
import dev.anabranch.core.Engine;
import dev.anabranch.torch.internal.ConfigMap;
import dev.anabranch.torch.internal.CpuFlags;
import dev.anabranch.torch.internal.Families;
import dev.anabranch.torch.internal.Formats;
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
    if (Formats.isBert(source)) {
      requireTexts(task);
      return TorchEngine.open(source, task, frozen, lanes);
    }
    return FamilyEngine.open(source, Formats.open(source), task, halves(frozen), lanes);
  }

  private static void requireTexts(TorchEngine.Task task) {
    Check.that(
        !task.images(), "task.kind", "image-classification", "text-classification for a bert");
  }

  /**
   * An engine with the costs of a model but without values.
   *
   * @throws dev.anabranch.core.AnabranchException as {@link #open}
   */
  public static DryEngine dry(ModelSource source, TorchEngine.Task task, Precision frozen) {
    if (Formats.isBert(source)) {
      requireTexts(task);
      return DryEngine.open(source, task, frozen);
    }
    return DryEngine.open(source, Formats.open(source), task, halves(frozen));
  }

  private static boolean halves(Precision frozen) {
    return frozen == Precision.BF16 || (frozen == Precision.AUTO && CpuFlags.bf16());
  }

  /**
   * What a model of images reads; empty if it reads texts.
   *
   * @throws dev.anabranch.core.AnabranchException CORRUPT or MODEL for a bad file
   */
  public static Optional<Picture> picture(ModelSource source, TorchEngine.Task task) {
    if (Formats.isBert(source)) {
      return Optional.empty();
    }
    try (var stored = Formats.read(source)) {
      var config = new ConfigMap(stored.name(), stored.config());
      return Optional.ofNullable(Families.of(config, task).picture());
    }
  }

  /**
   * The token that ends a text, {@code eos_token_id}, of which there may be several: the first; -1
   * if the model names none.
   */
  public static int end(ModelSource source) {
    if (Formats.isOnnx(source)) {
      return -1;
    }
    try (var stored = Formats.read(source)) {
      var found = stored.config().get("eos_token_id");
      if (found instanceof List<?> list && !list.isEmpty()) {
        found = list.get(0);
      }
      return found instanceof Number n ? n.intValue() : -1;
    }
  }
}
