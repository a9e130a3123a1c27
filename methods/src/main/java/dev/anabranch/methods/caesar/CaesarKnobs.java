package dev.anabranch.methods.caesar;

import dev.anabranch.core.Check;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Settings;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import java.util.List;

/** What a plan can set. */
final class CaesarKnobs {
  private static final Knob.Real LEARNING_RATE = Training.learningRate(1e-4);
  private static final Knob.OneOf TRAINED = Parameterisations.knob("everything");
  private static final Knob.Int STEPS =
      new Knob.Int("steps", 30, 0, 1_000_000, "local steps; 0: epochs over the visit's examples");
  private static final Knob.Choice DOWNLOAD =
      new Knob.Choice(
          "download",
          "staleness",
          List.of("staleness", "fixed", "none"),
          "ratio of the model: less for a device long away, one for all, or no compression");
  private static final Knob.Real DOWN_MAX =
      new Knob.Real("downloadRatio", 0.6, 0, 0.9999, "largest share of the model sent as signs");
  private static final Knob.Int BUCKETS =
      new Knob.Int("buckets", 8, 0, 10_000, "distinct download ratios of a round; 0: any");
  private static final Knob.Int WINDOW =
      new Knob.Int(
          "stalenessWindow",
          0,
          0,
          1_000_000,
          "rounds after which a copy is of no use; 0: all so far");
  private static final Knob.Choice RECOVERY =
      new Knob.Choice(
          "recovery",
          "stale",
          List.of("stale", "sign", "copy", "zero"),
          "what stands for a compressed value: the stale one if its sign and size agree, sign times"
              + " mean, the stale one in a plain top-k, or zero");
  private static final Knob.Choice UPLOAD =
      new Knob.Choice(
          "upload",
          "importance",
          List.of("importance", "fixed", "none"),
          "ratio of updates: by rank of importance, the mean of both for all, or no compression");
  private static final Knob.Real UP_MIN =
      new Knob.Real("uploadRatioMin", 0.1, 0, 0.9999, "share that the most important leaves out");
  private static final Knob.Real UP_MAX =
      new Knob.Real("uploadRatioMax", 0.6, 0, 0.9999, "share that the least important leaves out");
  private static final Knob.Real LAMBDA =
      new Knob.Real("lambda", 0.5, 0, 1, "weight of the number of examples in importance");
  private static final Knob.Choice IMPORTANT =
      new Knob.Choice(
          "important",
          "usual",
          List.of("usual", "rare"),
          "which labels make a device important: those like all others', or rare ones");
  private static final Knob.Real FEEDBACK =
      new Knob.Real("feedback", 0, 0, 1, "share of what an upload left out that the next one adds");
  private static final Knob.Choice BATCHES =
      new Knob.Choice(
          "batches",
          "balance",
          List.of("balance", "fixed"),
          "by the time of the round, or all alike");
  private static final Knob.Int BATCH_MIN =
      new Knob.Int("batchMin", 8, 1, 65_536, "smallest batch when balanced");
  private static final Knob.Int BATCH_MAX =
      new Knob.Int("batchMax", 64, 1, 65_536, "largest batch when balanced");
  private static final Knob.Choice WEIGHT =
      new Knob.Choice(
          "weight", "examples", List.of("examples", "work"), "what a device counts by in the mean");
  private static final Knob.Flag SCALE =
      new Knob.Flag("scaleLearningRate", false, "let the learning rate grow with the batch");

  private CaesarKnobs() {}

  static Kind<Caesar> kind() {
    return Kind.of(
        "caesar",
        "model compressed by staleness, updates by importance, batches that balance a round",
        Training.knobs(
            LEARNING_RATE,
            TRAINED,
            STEPS,
            DOWNLOAD,
            DOWN_MAX,
            BUCKETS,
            WINDOW,
            RECOVERY,
            UPLOAD,
            UP_MIN,
            UP_MAX,
            LAMBDA,
            IMPORTANT,
            FEEDBACK,
            BATCHES,
            BATCH_MIN,
            BATCH_MAX,
            WEIGHT,
            SCALE),
        CaesarKnobs::make);
  }

  private static Caesar make(Settings s) {
    var training = Training.read(s, LEARNING_RATE);
    ordered(s, ".uploadRatioMax", s.real(UP_MAX), "uploadRatioMin", s.real(UP_MIN));
    ordered(s, ".batchMax", s.integer(BATCH_MAX), "batchMin", s.integer(BATCH_MIN));
    boolean balances = s.choice(BATCHES).equals("balance");
    Check.that(
        !balances || training.steps() > 0,
        s.path() + ".steps",
        0,
        "at least 1 with batches: balance, for all devices make as many steps then");
    return new Caesar(
        training,
        s.make(TRAINED, Parameterisation.class),
        ratios(s),
        new Balance(balances, training.batch(), s.integer(BATCH_MIN), s.integer(BATCH_MAX)),
        List.of("stale", "sign").contains(s.choice(RECOVERY)),
        List.of("stale", "copy").contains(s.choice(RECOVERY)),
        s.real(FEEDBACK),
        s.choice(WEIGHT).equals("work"),
        s.flag(SCALE));
  }

  private static void ordered(Settings s, String name, double most, String other, double least) {
    Check.that(most >= least, s.path() + name, most, "at least " + least + ", the " + other);
  }

  private static Ratios ratios(Settings s) {
    return new Ratios(
        s.real(DOWN_MAX),
        rule(s.choice(DOWNLOAD)),
        s.integer(BUCKETS),
        s.integer(WINDOW),
        s.real(UP_MIN),
        s.real(UP_MAX),
        rule(s.choice(UPLOAD)),
        s.real(LAMBDA),
        s.choice(IMPORTANT).equals("rare"));
  }

  private static Ratios.Rule rule(String word) {
    return switch (word) {
      case "fixed" -> Ratios.Rule.FIXED;
      case "none" -> Ratios.Rule.NONE;
      default -> Ratios.Rule.ADAPTIVE;
    };
  }
}
