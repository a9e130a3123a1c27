package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.run.InstalledWiring;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;

class DemoTest {
  private static final Catalog CATALOG = new InstalledWiring().catalog();

  private static RunPlan plan(int rounds, String label) {
    return Objects.requireNonNull(Demo.plans(CATALOG, rounds).get(label));
  }

  @Test
  void runsFullFineTuningThenSfPromptThenFewerBytes() {
    var plans = Demo.plans(CATALOG, 12);
    assertThat(plans.keySet()).containsExactly("fedavg", "sfprompt", "sfprompt-sliced-fp16");
    assertThat(plans.values())
        .allSatisfy(plan -> {
          assertThat(plan.methodNumber("rounds")).contains(12L);
          assertThat(plan.methodNumber("cohort")).contains(8L);
          assertThat(plan.methodNumber("examples")).contains(32L);
          assertThat(plan.methodNumber("batch")).contains(16L);
          assertThat(plan.maxTokens()).isEqualTo(64);
          assertThat(plan.holdout()).isEqualTo(0.1);
        });
    assertThat(plan(12, "fedavg").methodSettings().get("parameterisation"))
        .isEqualTo(Map.of("everything", Map.of()));
    assertThat(plan(12, "sfprompt").methodSettings().get("sliceCrossings")).isEqualTo(false);
    assertThat(plan(12, "sfprompt").codecs()).isEmpty();
    assertThat(plan(12, "sfprompt-sliced-fp16").methodSettings().get("sliceCrossings"))
        .isEqualTo(true);
    assertThat(plan(12, "sfprompt-sliced-fp16").codecs())
        .containsOnlyKeys("activation", "body-output", "output-gradient", "activation-gradient");
  }

  @Test
  void quickIsTheSameWithFewerRounds() {
    var quick = plan(4, "sfprompt");
    assertThat(quick.methodNumber("rounds")).contains(4L);
    assertThat(quick.dataKey()).isEqualTo(plan(12, "sfprompt").dataKey());
  }

  @Test
  void emptyPlanIsValid() {
    var plan = RunPlan.parse(CATALOG, "", "");
    assertThat(plan.methodName()).isEqualTo("sfprompt");
    assertThat(plan.modelName()).isEqualTo("all-minilm-l6-v2");
    assertThat(plan.sourceName()).isEqualTo("spam-assassin");
    assertThat(RunPlan.parse(CATALOG, "", plan.toYaml()).toMap()).isEqualTo(plan.toMap());
  }
}
