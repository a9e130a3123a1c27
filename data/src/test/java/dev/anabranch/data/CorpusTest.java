package dev.anabranch.data;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CorpusTest {
  @Test
  void names_areSortedNumbersByValue() {
    assertThat(Stream.of("b", "10", "9", "-1", "2.5", "1e1", "NaN", "a", "").sorted(Corpus.BY_NAME))
        .containsExactly("-1", "2.5", "9", "10", "1e1", "", "NaN", "a", "b");
  }

  @Test
  void label_mustNameAClass() {
    assertThatThrownBy(
            () -> new Corpus(List.of(new Example("x", null, 2, null)), List.of("a", "b"), ""))
        .hasMessage("label: 2 (expected: 0 to 1)");
  }
}
