package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Names, shapes and order of what is trained. */
class BertShapesTest {
  private static final BertShapes MINILM = new BertShapes(6, 384, 12, 1536, 30_522, 512, 2, 2);

  private static List<TensorSpec> whole(Parameterisation how) {
    var use = new ModelUse(Partition.whole(6, NodeId.Role.DEVICE), Map.of("whole", how));
    return MINILM.trained(use, NodeId.Role.DEVICE);
  }

  private static long elements(List<TensorSpec> specs) {
    return specs.stream().mapToLong(TensorSpec::elements).sum();
  }

  @Test
  void miniLmHasItsPublishedSize() {
    // 22,713,216 with the pooler (384 x 384 + 384), which is not used
    assertThat(elements(MINILM.pretrained())).isEqualTo(22_713_216 - 147_840);
    assertThat(MINILM.pretrained()).hasSize(5 + 6 * 16);
    assertThat(elements(whole(new Parameterisation.Everything())))
        .isEqualTo(elements(MINILM.pretrained()) + 2 * 384 + 2);
  }

  @Test
  void theClassifierGoesWithWhateverIsTrained() {
    assertThat(whole(new Parameterisation.HeadOnly()))
        .containsExactly(
            TensorSpec.of("classifier.weight", 2, 384), TensorSpec.of("classifier.bias", 2));
    assertThat(whole(new Parameterisation.Frozen())).isEmpty();
    assertThat(whole(new SoftPrompt(10, Placing.WORDS)))
        .extracting(TensorSpec::name)
        .containsExactly("prompt", "classifier.weight", "classifier.bias");
    assertThat(whole(new Parameterisation.Biases()))
        .allSatisfy(spec -> assertThat(spec.name()).matches(".*\\.bias|classifier.*"))
        .hasSize(1 + 6 * 8 + 2);
  }

  @Test
  void aLayersOwnVariablesComeBeforeWhatSitsBesideThem() {
    var specs =
        whole(
            new Parameterisation.Combined(
                List.of(
                    new Parameterisation.Adapter(8),
                    new Parameterisation.Lora(4, 8, List.of("value", "query")),
                    new SoftPrompt(3, Placing.EMBEDDED),
                    new Parameterisation.Prefix(5),
                    new Parameterisation.Biases())));
    assertThat(specs)
        .extracting(TensorSpec::name)
        .startsWith("prompt", "embeddings.LayerNorm.bias")
        .containsSubsequence(
            "encoder.layer.0.output.LayerNorm.bias",
            "encoder.layer.0.adapter.down.weight",
            "encoder.layer.0.adapter.down.bias",
            "encoder.layer.0.adapter.up.weight",
            "encoder.layer.0.adapter.up.bias",
            "encoder.layer.0.attention.self.query.lora_A",
            "encoder.layer.0.attention.self.query.lora_B",
            "encoder.layer.0.attention.self.value.lora_A",
            "encoder.layer.0.attention.self.value.lora_B",
            "encoder.layer.0.prefix.key",
            "encoder.layer.0.prefix.value",
            "encoder.layer.1.attention.self.query.bias")
        .endsWith("classifier.weight", "classifier.bias");
    assertThat(specs)
        .contains(
            TensorSpec.of("encoder.layer.5.attention.self.value.lora_A", 4, 384),
            TensorSpec.of("encoder.layer.5.attention.self.value.lora_B", 384, 4),
            TensorSpec.of("encoder.layer.5.adapter.up.weight", 384, 8),
            TensorSpec.of("encoder.layer.5.prefix.key", 5, 384));
  }

  @Test
  void segmentsPartTheModel() {
    for (int cut1 = 0; cut1 < 6; cut1++) {
      for (int cut2 = cut1 + 1; cut2 <= 6; cut2++) {
        var all = new Parameterisation.Everything();
        var use =
            new ModelUse(
                Partition.uShape(6, cut1, cut2), Map.of("head", all, "body", all, "tail", all));
        var device = MINILM.trained(use, NodeId.Role.DEVICE);
        var body = MINILM.trained(use, NodeId.Role.BODY);
        assertThat(Stream.concat(device.stream(), body.stream()))
            .containsExactlyInAnyOrderElementsOf(whole(all));
        assertThat(MINILM.trained(use)).containsExactlyElementsOf(whole(all));
        assertThat(MINILM.frozen(use, NodeId.Role.BODY)).isEmpty();
      }
    }
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThatThrownBy(() -> whole(new Parameterisation.Lora(4, 8, List.of("q_proj"))))
        .hasMessage(
            "target_modules: q_proj (expected: of query, key, value, attention.output.dense,"
                + " intermediate.dense, output.dense)");
    var prompt = new SoftPrompt(2, Placing.WORDS);
    assertThatThrownBy(() -> whole(new Parameterisation.Combined(List.of(prompt, prompt))))
        .hasMessage("soft prompts: 2 (expected: at most 1)");
    var two =
        new Parameterisation.Combined(
            List.of(
                new Parameterisation.Lora(2, 2, List.of("query")),
                new Parameterisation.Lora(4, 2, List.of("query"))));
    assertThatThrownBy(() -> whole(two))
        .hasMessageContaining("'encoder.layer.0.attention.self.query.lora_A'");
  }
}
