package dev.anabranch.torch;

import dev.anabranch.core.Engine;
import dev.anabranch.torch.internal.Formats;
import dev.anabranch.torch.internal.LibTorch;

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
    if (Formats.isBert(source.file())) {
      return TorchEngine.open(source, task, frozen, lanes);
    }
    boolean bf16 =
        switch (frozen) {
          case AUTO -> LibTorch.bf16();
          case FP32 -> false;
          case BF16 -> true;
        };
    return FamilyEngine.open(source, Formats.open(source.file()), task, bf16, lanes);
  }
}
