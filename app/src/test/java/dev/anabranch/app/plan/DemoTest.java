package dev.anabranch.app.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.run.InstalledWiring;
import java.util.Map;
import org.junit.jupiter.api.Test;

class DemoTest {
  private static final Catalog CATALOG = new InstalledWiring().catalog();

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
    assertThat(plans.get("fedavg").methodSettings().get("parameterisation"))
        .isEqualTo(Map.of("everything", Map.of()));
    assertThat(plans.get("sfprompt").methodSettings().get("sliceCrossings")).isEqualTo(false);
    assertThat(plans.get("sfprompt").codecs()).isEmpty();
    assertThat(plans.get("sfprompt-sliced-fp16").methodSettings().get("sliceCrossings"))
        .isEqualTo(true);
    assertThat(plans.get("sfprompt-sliced-fp16").codecs())
        .containsOnlyKeys("activation", "body-output", "output-gradient", "activation-gradient");
  }

  @Test
  void quickIsTheSameWithFewerRounds() {
    var quick = Demo.plans(CATALOG, 4).get("sfprompt");
    assertThat(quick.methodNumber("rounds")).contains(4L);
    assertThat(quick.dataKey()).isEqualTo(Demo.plans(CATALOG, 12).get("sfprompt").dataKey());
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
