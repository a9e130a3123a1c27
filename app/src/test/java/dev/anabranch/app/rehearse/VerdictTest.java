package dev.anabranch.app.rehearse;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.core.Card;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class VerdictTest {
  private static Rehearsal.Result result(String other, int lost, boolean byCost) {
    return new Rehearsal.Result(Path.of("r"), "a", other, 3, lost, byCost, List.of());
  }

  private static Card card(String method) {
    var plan = RunPlan.parse(new ToyWiring().catalog(), "plan", "method: { " + method + " }");
    return plan.method().card();
  }

  @Test
  void otherWeights_areSoundOnlyWhereTimeDecides_andNothingWasLost() {
    assertThat(result("a", 1, false).sound()).isTrue();
    assertThat(result("b", 0, false).sound()).isFalse();
    assertThat(result("b", 0, true).sound()).isTrue();
    assertThat(result("b", 1, true).sound()).isFalse();
  }

  @Test
  void methodsThatDecideByCost_saySo() {
    assertThat(card("caesar: { steps: 2 }").decidesByCost()).isTrue();
    assertThat(card("caesar: { steps: 2, batches: fixed }").decidesByCost()).isFalse();
    assertThat(card("droppeft: {}").decidesByCost()).isTrue();
    assertThat(card("fedavg: {}").decidesByCost()).isFalse();
  }
}
