package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Values of the paper's section 3.1, and of {@code rouge_score} 0.1.2 for what is around words. */
class RougeLTest {
  @ParameterizedTest
  @CsvSource({
    "police killed the gunman, police kill the gunman, 0.75",
    "police killed the gunman, the gunman kill police, 0.5",
    "police killed the gunman, the gunman police killed, 0.5",
    "The quick brown fox jumps over the lazy dog, the fox jumped over a dog, 0.5333333",
    "'It''s 5 o''clock!', its 5 o clock, 0.6666667",
    "a b c d e, a c e, 0.75",
    "one, ONE, 1",
    "one, two, 0",
    "'', two, 0",
    "one, '?!', 0"
  })
  void knownValues(String reference, String generated, double expected) {
    assertThat(RougeL.score(reference, generated)).isCloseTo(expected, within(1e-6));
  }
}
