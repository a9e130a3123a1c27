package dev.anabranch.torch.internal;

import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorSpec;
import org.bytedeco.pytorch.GeneratorOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Initial values of variables: those of the checkpoint, or drawn from a generator of the variable's
 * own, keyed by the seed and its name, so that they do not depend on what else is drawn.
 *
 * <p>Classifier, prompt, prefix and an adapter's lower map: normal with standard deviation 0.02.
 * LoRA's A: uniform within ±1/√in, which is PEFT's Kaiming with a = √5. All else, LoRA's B and an
 * adapter's upper map among it: zero, so that the model starts as it was.
 */
final class Init {
  private static final double DEVIATION = 0.02;

  private Init() {}

  static void draw(TensorSpec spec, Tensor into, @Nullable BertWeights pretrained, long seed) {
    String name = spec.name();
    if (pretrained != null) {
      pretrained.write(name, into);
    } else if (name.endsWith(".lora_A")) {
      double bound = 1 / Math.sqrt(spec.shape().get(1));
      into.uniform_(-bound, bound, generator(name, seed));
    } else if (name.endsWith(".lora_B") || name.endsWith(".bias") || name.endsWith("up.weight")) {
      into.fill_(new Scalar(0));
    } else {
      into.normal_(0, DEVIATION, generator(name, seed));
    }
  }

  /** A generator of a variable's own. */
  static GeneratorOptional generator(String name, long seed) {
    return new GeneratorOptional(torch.make_generator_cpu(Seeds.seed(seed, "init", name)));
  }
}
