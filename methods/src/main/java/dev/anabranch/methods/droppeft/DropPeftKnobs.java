package dev.anabranch.methods.droppeft;

import dev.anabranch.core.Check;
import dev.anabranch.core.Kind;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Settings;
import dev.anabranch.methods.Parameterisations;
import dev.anabranch.methods.Training;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/** What a plan can set. */
final class DropPeftKnobs {
  private static final Knob.Real LEARNING_RATE = Training.learningRate(3e-4);
  private static final Knob.OneOf TRAINED =
      new Knob.OneOf(
          "parameterisation",
          "lora",
          Parameterisations.KINDS.stream()
              .filter(kind -> List.of("lora", "adapter").contains(kind.name()))
              .toList(),
          "the modules in each layer");
  private static final Knob.Words RATES =
      new Knob.Words(
          "rates",
          List.of("0.1", "0.2", "0.3", "0.4", "0.5", "0.6", "0.7", "0.8"),
          "mean shares of layers that a step passes by, to choose from; one alone is always used");
  private static final Knob.Words SHAPES =
      new Knob.Words(
          "shapes",
          List.of("uniform", "incremental", "normal"),
          "how rates change over the layers, to choose from: uniform, incremental, decay, normal");
  private static final Knob.Choice SAMPLING =
      new Knob.Choice(
          "sampling",
          "fixed-size",
          List.of("fixed-size", "bernoulli"),
          "equally many active layers in each step, or a coin for each layer");
  private static final Knob.Real EPSILON =
      new Knob.Real("epsilon", 0.2, 0, 1, "share of arms at random after as many rounds as arms");
  private static final Knob.Real DECAY =
      new Knob.Real("epsilonDecay", 0.98, 0, 1, "factor on epsilon, a round");
  private static final Knob.Real FLOOR =
      new Knob.Real("epsilonFloor", 0.05, 0, 1, "least share of arms at random");
  private static final Knob.Real BETA =
      new Knob.Real("beta", 0.3, 0, 1, "weight of a new reward in an arm's discounted mean");
  private static final Knob.Real DEADLINE =
      new Knob.Real("deadline", 0, 0, 1e9, "seconds that a visit may take; 0: any");
  private static final Knob.Int PROBE =
      new Knob.Int("probe", 8, 1, 65_536, "examples that a visit holds back for its reward");
  private static final Knob.Choice SHARE =
      new Knob.Choice(
          "share",
          "least-important",
          List.of("least-important", "most-important", "lowest-index", "all"),
          "which layers' modules a device shares; it keeps the others");
  private static final Knob.Int SHARED =
      new Knob.Int("sharedLayers", 0, 0, 100_000, "how many layers it shares; 0: half");
  private static final Knob.Flag ACTIVITY =
      new Knob.Flag("weightByActivity", true, "count a layer by the share of steps it was active");

  private DropPeftKnobs() {}

  static Kind<DropPeft> kind() {
    return Kind.of(
        "droppeft",
        "LoRA or adapters with layers passed by at random, rates chosen by a bandit",
        Training.knobs(
            LEARNING_RATE,
            TRAINED,
            RATES,
            SHAPES,
            SAMPLING,
            EPSILON,
            DECAY,
            FLOOR,
            BETA,
            DEADLINE,
            PROBE,
            SHARE,
            SHARED,
            ACTIVITY),
        DropPeftKnobs::make);
  }

  private static DropPeft make(Settings s) {
    var rates = s.words(RATES).stream().map(word -> rate(s.path(), word)).toList();
    var shapes = s.words(SHAPES).stream().map(word -> shape(s.path(), word)).toList();
    Check.that(!rates.isEmpty(), s.path() + ".rates", rates, "at least one rate");
    Check.that(!shapes.isEmpty(), s.path() + ".shapes", shapes, "at least one shape");
    var selector =
        Sharing.Selector.valueOf(s.choice(SHARE).toUpperCase(Locale.ROOT).replace('-', '_'));
    return new DropPeft(
        Training.read(s, LEARNING_RATE),
        s.make(TRAINED, Parameterisation.class),
        Arm.all(rates, shapes),
        s.choice(SAMPLING).equals("fixed-size"),
        new Configurator.Policy(
            s.real(EPSILON), s.real(DECAY), s.real(FLOOR), s.real(BETA), s.real(DEADLINE)),
        s.integer(PROBE),
        new Sharing(selector, s.integer(SHARED)),
        s.flag(ACTIVITY));
  }

  private static double rate(String path, String word) {
    double rate;
    try {
      rate = Double.parseDouble(word);
    } catch (NumberFormatException e) {
      rate = Double.NaN;
    }
    Check.that(rate >= 0 && rate <= 1, path + ".rates", word, "numbers from 0 to 1");
    return rate;
  }

  private static Arm.Shape shape(String path, String word) {
    return Arrays.stream(Arm.Shape.values())
        .filter(shape -> shape.word().equals(word))
        .findFirst()
        .orElseGet(() -> {
          Check.that(false, path + ".shapes", word, "of uniform, incremental, decay, normal");
          return Arm.Shape.UNIFORM;
        });
  }
}
