package dev.anabranch.torch;

import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.Comparator;
import java.util.List;
import java.util.ServiceLoader;

/** The models that a plan can name. */
public final class Models {
  /** Every kind that is found on the class path, by name. */
  public static final List<Kind<ModelSource>> KINDS =
      ServiceLoader.load(ModelProvider.class, Models.class.getClassLoader()).stream()
          .map(provider -> provider.get().kind())
          .sorted(Comparator.comparing(Kind<ModelSource>::name))
          .toList();

  private Models() {}

  /** The knob that chooses one. */
  public static Knob.OneOf knob(String standard) {
    return new Knob.OneOf("source", standard, KINDS, "the pre-trained model");
  }
}
