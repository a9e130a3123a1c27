package dev.anabranch.torch;

import dev.anabranch.core.Kind;
import dev.anabranch.torch.internal.BundledModel;

/** e5-small-v2: 12 layers, width 384; its jar must be on the class path. */
public final class E5Small implements ModelProvider {
  @Override
  public Kind<ModelSource> kind() {
    return BundledModel.E5_SMALL.kind("sentence encoder of 12 layers, width 384, from its jar");
  }
}
