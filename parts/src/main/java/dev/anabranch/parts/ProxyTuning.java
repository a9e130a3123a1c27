package dev.anabranch.parts;

import dev.anabranch.core.Check;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Paper;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import java.util.List;

/**
 * Proxy-tuning: a large model's scores moved by what tuning has changed in a small one, {@code s =
 * s_large + alpha · (s_tuned − s_base)}, so that {@code p(v) ∝ p_large(v) · (p_tuned(v) /
 * p_base(v))^alpha}. Immutable.
 *
 * <p>Computed in double and rounded once: with {@code alpha = 0}, or where the small models agree,
 * the result is the large model's score, and where the large model is the small base it is the
 * tuned one's, to the bit. A token of which the large model says nothing, minus infinity, stays so:
 * its probability is 0, and those of the others are shared out anew by the softmax.
 *
 * <p>Differs: the difference of the small models may be bounded, so that they cannot overrule the
 * large one where they are sure of themselves.
 *
 * @param alpha how far it is moved (expected: at least 0; 1 in the paper)
 * @param clamp largest absolute difference of the small models' scores, in nats; 0: any
 */
@Paper(title = "Tuning Language Models by Proxy", url = "https://arxiv.org/abs/2401.08565")
public record ProxyTuning(double alpha, double clamp) {
  private static final Knob.Real ALPHA =
      new Knob.Real("alpha", 1, 0, 100, "how far the large model is moved");
  private static final Knob.Real CLAMP =
      new Knob.Real(
          "clamp", 10, 0, 1e6, "largest difference of the small models' scores, in nats; 0: any");

  /** What a plan can set. */
  public static final List<Knob> KNOBS = List.of(ALPHA, CLAMP);

  /** From a plan. */
  public static ProxyTuning read(Settings s) {
    return new ProxyTuning(s.real(ALPHA), s.real(CLAMP));
  }

  public ProxyTuning {
    Check.that(alpha >= 0, "alpha", alpha, "at least 0");
    Check.that(clamp >= 0, "clamp", clamp, "at least 0");
  }

  /** The scores of the proxy-tuned model; all of one shape, [..., v], of one vocabulary. */
  public Tensor shift(Tensor large, Tensor tuned, Tensor base) {
    requireSame("tuned", large, tuned);
    requireSame("base", large, base);
    var out = Tensor.room(large.shape());
    for (long i = 0; i < out.elements(); i++) {
      double moved = (double) tuned.get(i) - base.get(i);
      double bounded = clamp > 0 ? Math.clamp(moved, -clamp, clamp) : moved;
      out.set(i, (float) (large.get(i) + alpha * bounded));
    }
    return out;
  }

  private static void requireSame(String name, Tensor large, Tensor other) {
    if (!large.sameShape(other)) {
      throw new IllegalArgumentException(
          name
              + ": "
              + other
              + " (expected: the shape of the large model's scores, "
              + large
              + ")");
    }
  }
}
