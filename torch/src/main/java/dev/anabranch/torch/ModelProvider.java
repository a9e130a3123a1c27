package dev.anabranch.torch;

import dev.anabranch.core.Kind;

/** Found by {@link java.util.ServiceLoader}: how a plan names and finds a model. */
public interface ModelProvider {
  Kind<ModelSource> kind();
}
