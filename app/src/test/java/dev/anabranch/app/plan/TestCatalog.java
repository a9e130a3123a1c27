package dev.anabranch.app.plan;

import dev.anabranch.core.Codecs;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import java.util.List;

/** A small catalog whose words do not depend on other modules. */
public final class TestCatalog {
  private TestCatalog() {}

  static final Knob.Int ROUNDS = new Knob.Int("rounds", 12, 1, 1000, "how many aggregations");
  static final Knob.Int COHORT = new Knob.Int("cohort", 8, 1, 1000, "devices a round");
  static final Knob.Real RATE = new Knob.Real("learningRate", 0.001, 0, 1, "step size");
  static final Knob.Flag SLICE = new Knob.Flag("sliceCrossings", false, "fewer rows");

  public static Catalog of() {
    var alpha = new Knob.Real("alpha", 0.5, 0.001, 1000, "concentration");
    var devices = new Knob.Int("devices", 50, 1, 100_000, "how many");
    var share = new Knob.Real("share", 0.01, 0.0001, 1, "kept");
    return new Catalog(
        List.of(
            Kind.of("sfprompt", "split", List.of(ROUNDS, COHORT, RATE, SLICE), s -> "sfprompt"),
            Kind.of("fedavg", "averaging", List.of(ROUNDS, COHORT, RATE), s -> "fedavg")),
        List.of(Kind.of("all-minilm-l6-v2", "a model", List.of(), s -> "model")),
        List.of(Kind.of("spam-assassin", "mails", List.of(), s -> "source")),
        List.of(
            Kind.of("iid", "even", List.of(devices), s -> "iid"),
            new Kind<>(
                "dirichlet", List.of("lda"), "skewed", List.of(alpha, devices), s -> "dirichlet")),
        List.of(
            Kind.of("fp32", "as they are", List.of(), s -> Codecs.FP32),
            Kind.of("topk", "the largest", List.of(share), s -> Codecs.FP32)),
        Profiles.ALL);
  }
}
