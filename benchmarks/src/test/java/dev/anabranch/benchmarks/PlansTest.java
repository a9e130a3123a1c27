package dev.anabranch.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.InstalledWiring;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class PlansTest {
  private static final List<String> COMMON =
      List.of(
          "rounds", "cohort", "examples", "batch", "epochs", "optimizer", "learningRate", "clip");

  private static RunPlan plan(String name) {
    var file = Path.of("plans", name + ".yaml");
    return RunPlan.read(new InstalledWiring().catalog(), file, List.of());
  }

  @ParameterizedTest
  @ValueSource(strings = {"full", "lora", "sfprompt"})
  void everyPlanIsTheSameJob(String name) {
    var plan = plan(name);
    var full = plan("full");
    assertThat(plan.dataKey()).isEqualTo(full.dataKey());
    assertThat(plan.modelKey()).isEqualTo(full.modelKey());
    for (var knob : COMMON) {
      assertThat(plan.methodSettings().get(knob))
          .as(knob)
          .isNotNull()
          .isEqualTo(full.methodSettings().get(knob));
    }
  }
}
