package dev.anabranch.torch.files;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Map;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
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
      strings = {
        "",
        "[]",
        "{",
        "{\"a\":1,\"a\":1}",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{\"a\":tru}",
        "{}x",
        "{\"a"
      })
  void namesThePlaceOfWhatIsNoJson(String text) {
    assertThatThrownBy(() -> Json.object("c.json", text))
        .isInstanceOf(dev.anabranch.core.AnabranchException.class)
        .hasMessageMatching("c\\.json: .* at \\d+ \\(expected: .*\\)");
  }

  @Test
  void writesWhatItReads() {
    var value = new java.util.LinkedHashMap<String, Object>();
    value.put("a\"\\\n", List.of(1.5, true, "é", Map.of(), List.of()));
    value.put("b", Map.of("c", -2.0));
    assertThat(Json.text(value))
        .isEqualTo("{\"a\\\"\\\\\\u000a\":[1.5,true,\"é\",{},[]],\"b\":{\"c\":-2.0}}");
    assertThat(Json.object("c.json", Json.text(value))).isEqualTo(value);
  }

  @Provide
  Arbitrary<String> texts() {
    return Arbitraries.strings().withChars("{}[]\",:\\u0aefnrtl-1.").ofMaxLength(20);
  }

  @Property(tries = 2000)
  void anythingIsReadOrRefused(@ForAll("texts") String text) {
    try {
      assertThat(Json.object("c.json", "{" + text)).isNotNull();
    } catch (dev.anabranch.core.AnabranchException e) {
      assertThat(e).hasMessageContaining(" (expected: ");
    }
  }

  @Test
  void boundsTheDepth() {
    assertThatThrownBy(() -> Json.object("c.json", "{\"a\":" + "[".repeat(10_000)))
        .hasMessageContaining("at most 32 levels");
  }
}
