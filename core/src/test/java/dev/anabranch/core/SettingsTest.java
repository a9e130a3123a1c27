package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsTest {
  private static final Knob.Int ROUNDS = new Knob.Int("rounds", 12, 1, 100, "rounds");
  private static final Knob.Int STEPS = new Knob.Int("steps", 1, 0, Long.MAX_VALUE, "steps");
  private static final Knob.Real RATE = new Knob.Real("rate", 0.5, 0, 1, "learning rate");
  private static final Knob.Real MU = new Knob.Real("mu", 0, 0, Double.MAX_VALUE, "pull");
  private static final Knob.Flag SLICE = new Knob.Flag("slice", false, "send less");
  private static final Knob.Text NAME = new Knob.Text("name", "", "any text");
  private static final Knob.Choice POOLING =
      new Knob.Choice("pooling", "cls", List.of("cls", "mean"), "pooling");
  private static final Knob.Words WORDS = new Knob.Words("words", List.of("a"), "words");
  private static final Kind<String> LORA =
      Kind.of("lora", "low rank", List.of(ROUNDS), s -> "lora of " + s.integer(ROUNDS));
  private static final Kind<String> BIAS =
      new Kind<>("bias", List.of("bitfit"), "biases", List.of(), s -> "biases");
  private static final Knob.OneOf TUNER =
      new Knob.OneOf("tuner", "bias", List.of(LORA, BIAS), "what is trained");
  private static final List<Knob> ALL =
      List.of(ROUNDS, STEPS, RATE, MU, SLICE, NAME, POOLING, WORDS, TUNER);

  private static Settings read(Map<String, ?> given) {
    return Settings.read("method.x", ALL, given);
  }

  @Test
  void fillsInDefaultsInOrderOfDeclaration() {
    assertThat(read(Map.of()).toMap())
        .containsExactly(
            Map.entry("rounds", 12L),
            Map.entry("steps", 1L),
            Map.entry("rate", 0.5),
            Map.entry("mu", 0.0),
            Map.entry("slice", false),
            Map.entry("name", ""),
            Map.entry("pooling", "cls"),
            Map.entry("words", List.of("a")),
            Map.entry("tuner", Map.of("bias", Map.of())));
  }

  @Test
  void readsEveryType() {
    var s =
        read(
            Map.of(
                "rounds",
                3.0,
                "rate",
                1,
                "slice",
                true,
                "name",
                7,
                "words",
                "b",
                "pooling",
                "mean",
                "tuner",
                Map.of("lora", Map.of("rounds", 4))));
    assertThat(s.integer(ROUNDS)).isEqualTo(3);
    assertThat(s.whole(ROUNDS)).isEqualTo(3L);
    assertThat(s.real(RATE)).isEqualTo(1.0);
    assertThat(s.flag(SLICE)).isTrue();
    assertThat(s.text(NAME)).isEqualTo("7");
    assertThat(s.choice(POOLING)).isEqualTo("mean");
    assertThat(s.words(WORDS)).containsExactly("b");
    assertThat(s.chosen(TUNER)).isEqualTo("lora");
    assertThat(s.make(TUNER, String.class)).isEqualTo("lora of 4");
  }

  /** What a run record keeps can be read again and means the same. */
  @Test
  void readsWhatItWrites() {
    var first = read(Map.of("rounds", 5, "tuner", "bitfit"));
    assertThat(read(first.toMap()).toMap()).isEqualTo(first.toMap());
    assertThat(first.make(TUNER, String.class)).isEqualTo("biases");
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of(
            Map.of("round", 3),
            "method.x.round: unknown key (expected: 'rounds'? one of"
                + " rounds, steps, rate, mu, slice, name, pooling, words, tuner)"),
        Arguments.of(
            Map.of("zzzzzzz", 3),
            "method.x.zzzzzzz: unknown key (expected: one of"
                + " rounds, steps, rate, mu, slice, name, pooling, words, tuner)"),
        Arguments.of(Map.of("rounds", 0), "method.x.rounds: 0 (expected: 1 to 100)"),
        Arguments.of(Map.of("rounds", 1.5), "method.x.rounds: 1.5 (expected: a whole number)"),
        Arguments.of(Map.of("rounds", "3"), "method.x.rounds: 3 (expected: a whole number)"),
        Arguments.of(Map.of("steps", 1e300), "method.x.steps: 1.0E300 (expected: a whole number)"),
        Arguments.of(Map.of("steps", -1), "method.x.steps: -1 (expected: at least 0)"),
        Arguments.of(Map.of("rate", 1.5), "method.x.rate: 1.5 (expected: 0.0 to 1.0)"),
        Arguments.of(Map.of("rate", Double.NaN), "method.x.rate: NaN (expected: 0.0 to 1.0)"),
        Arguments.of(Map.of("rate", "fast"), "method.x.rate: fast (expected: a number)"),
        Arguments.of(Map.of("mu", -1), "method.x.mu: -1.0 (expected: at least 0.0)"),
        Arguments.of(
            Map.of("mu", Double.POSITIVE_INFINITY),
            "method.x.mu: Infinity (expected: at least 0.0)"),
        Arguments.of(Map.of("slice", "yes"), "method.x.slice: yes (expected: true or false)"),
        Arguments.of(Map.of("name", List.of()), "method.x.name: [] (expected: a text)"),
        Arguments.of(
            Map.of("pooling", "max"), "method.x.pooling: max (expected: one of cls, mean)"),
        Arguments.of(Map.of("words", 3), "method.x.words: 3 (expected: a list of words)"),
        Arguments.of(
            Map.of("tuner", "lra"), "method.x.tuner: lra (expected: 'lora'? one of lora, bias)"),
        Arguments.of(
            Map.of("tuner", 3),
            "method.x.tuner: 3 (expected: one of lora, bias, alone or with its settings)"),
        Arguments.of(
            Map.of("tuner", Map.of("lora", 3)),
            "method.x.tuner.lora: 3 (expected: a mapping of keys to values)"),
        Arguments.of(
            Map.of("tuner", Map.of("lora", Map.of("rounds", 101))),
            "method.x.tuner.lora.rounds: 101 (expected: 1 to 100)"));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void namesTheMistake(Map<String, ?> given, String message) {
    assertThatThrownBy(() -> read(given))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(message)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.PLAN);
  }

  @Test
  void aKindHasNoTwoKnobsOfOneName() {
    var other = new Knob.Int("rounds", 1, 1, 9, "other rounds");
    assertThatThrownBy(() -> Kind.of("x", "twice", List.of(ROUNDS, RATE, other), s -> s))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("knobs of x: [rounds, rate, rounds] (expected: each name once)");
  }
}
