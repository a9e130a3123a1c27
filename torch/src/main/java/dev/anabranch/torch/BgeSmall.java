package dev.anabranch.torch;

import dev.anabranch.core.Kind;
import dev.anabranch.torch.internal.BundledModel;

/** bge-small-en-v1.5: 12 layers, width 384; its jar must be on the class path. */
public final class BgeSmall implements ModelProvider {
  @Override
  public Kind<ModelSource> kind() {
    return BundledModel.BGE_SMALL.kind("sentence encoder of 12 layers, width 384, from its jar");
  }
}
