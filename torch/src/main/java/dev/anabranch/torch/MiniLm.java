package dev.anabranch.torch;

import dev.anabranch.core.Kind;
import dev.anabranch.torch.internal.BundledModel;

/** all-MiniLM-L6-v2: 6 layers, width 384, 22.7 million parameters. */
public final class MiniLm implements ModelProvider {
  @Override
  public Kind<ModelSource> kind() {
    return BundledModel.MINILM.kind("sentence encoder of 6 layers, width 384, in this package");
  }
}
