package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The reader of {@code config.json}. */
class JsonTest {
  @Test
  void readsWhatAConfigHas() {
    var text =
        "{\"a\": 1e-12, \"b\": \"x\\u0041\\n\", \"c\": [1, {\"d\": true}], \"e\": null, \"f\": {}}";
    assertThat(Json.object("c.json", text))
        .isEqualTo(
            Map.of("a", 1e-12, "b", "xA\n", "c", List.of(1.0, Map.of("d", true)), "f", Map.of()));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":tru}", "{}x", "{\"a"})
  void namesThePlaceOfWhatIsNoJson(String text) {
    assertThatThrownBy(() -> Json.object("c.json", text))
        .isInstanceOf(dev.anabranch.core.AnabranchException.class)
        .hasMessageMatching("c\\.json: .* at \\d+ \\(expected: .*\\)");
  }

  @Test
  void boundsTheDepth() {
    assertThatThrownBy(() -> Json.object("c.json", "{\"a\":" + "[".repeat(10_000)))
        .hasMessageContaining("at most 32 levels");
  }
}
