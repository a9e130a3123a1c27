package dev.anabranch.parts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Codec;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Knob;
import dev.anabranch.core.Settings;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ValueCodecsTest {
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "fp32 | fp32/1",
        "fp16 | fp16/1",
        "half | fp16/1",
        "bfloat16 | bf16/1",
        "int8() | int8/1",
        "topk | topk(0.01)/1",
        "topk(0.05) | topk(0.05)/1",
        "topk( share = 0.01 , feedback = true ) | topk(0.01,feedback)/1",
        "topk(feedback=false,share=1) | topk(1.0)/1",
        "topk(0.01,feedback) | topk(0.01,feedback)/1",
        "topk(0.01,true) | topk(0.01,feedback)/1",
        "topk(feedback) | topk(0.01,feedback)/1",
      })
  void readsWhatAPlanWrites(String text, String id) {
    assertThat(ValueCodecs.parse("codecs.activation", text).id()).isEqualTo(id);
  }

  /** What an id says can be written in a plan. */
  @Test
  void readsItsOwnIds() {
    for (var codec : List.of(new TopK(0.0001, true), new Fp16(), new TopK(1, false))) {
      var text = codec.id().substring(0, codec.id().indexOf('/'));
      assertThat(ValueCodecs.parse("codecs.update", text).id()).isEqualTo(codec.id());
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "topk(2)",
        "topk(0)",
        "topk(NaN)",
        "topk(a)",
        "topk(shar=0.1)",
        "topk(0.1,0.2)",
        "topk(0.1,share=0.2)",
        "topk(0.1,true,1)",
        "topk(0.1",
        "topk(,)",
      })
  void namesWhatIsWrong(String text) {
    assertThatThrownBy(() -> ValueCodecs.parse("codecs.activation", text))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "codecs.activation: "
                + text
                + " (expected: topk(share, feedback) with share 0.0001 to 1, feedback true or"
                + " false)");
  }

  /** The mapping is what a plan's nested choice reads, and it means the same. */
  @Test
  void writesTheMappingOfAPlan() {
    var mapping = ValueCodecs.mapping("codecs.update", "topk(0.05,feedback)");
    assertThat(mapping).isEqualTo(Map.of("topk", Map.of("share", 0.05, "feedback", true)));
    var knob = new Knob.OneOf("update", "fp32", ValueCodecs.kinds(), "");
    var settings = Settings.read("codecs", List.of(knob), Map.of("update", mapping));
    assertThat(settings.make(knob, Codec.class).id()).isEqualTo("topk(0.05,feedback)/1");
  }

  @Test
  void namesTheKnownOnes() {
    assertThatThrownBy(() -> ValueCodecs.parse("codecs.activation", "fp61"))
        .hasMessage("codecs.activation: fp61 (expected: one of bf16, fp16, fp32, int8, topk)")
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.PLAN);
    assertThatThrownBy(() -> ValueCodecs.parse("codecs.activation", "fp16(3)"))
        .hasMessage("codecs.activation: fp16(3) (expected: fp16, which has no settings)");
  }

  @Test
  void listsThemInOrderOfName() {
    assertThat(ValueCodecs.list().stream().map(e -> e.name() + ": " + e.payload()))
        .containsExactly(
            "bf16: 2 n",
            "fp16: 2 n",
            "fp32: 4 n",
            "int8: n + 4 n / d",
            "topk: 8 max(1, floor(share n))");
  }
}
