package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What {@code steps} does to the methods that have it. */
final class StepsTest {
  /** With 9 examples and batches of 3 a pass has 3 steps of equal cost. */
  @ParameterizedTest
  @ValueSource(strings = {"fedavg", "central", "sfl-ff", "sfl-linear", "sfprompt", "droppeft"})
  void steps_boundWhatAVisitDoes(String method) {
    var settings = new LinkedHashMap<String, Object>(Map.of("rounds", 2, "examples", 9));
    if (method.equals("sfprompt")) {
      settings.putAll(Map.of("keepFraction", 1, "selfUpdateEpochs", 0));
    } else if (method.equals("droppeft")) {
      settings.put("rates", List.of("0.5"));
      settings.put("shapes", List.of("uniform"));
    } else if (method.equals("central")) {
      settings.put("cohort", 1);
    }
    var pass = OraclesTest.run(method, settings, 2);
    var macs = new ArrayList<Long>();
    for (int steps : new int[] {1, 2, 3, 4}) {
      settings.put("steps", steps);
      var outcome = OraclesTest.run(method, settings, 2);
      macs.add(outcome.totals().macs().values().stream().mapToLong(n -> n).sum());
      if (steps == 3) {
        assertThat(outcome.trained().sha256()).isEqualTo(pass.trained().sha256());
        assertThat(outcome.totals()).isEqualTo(pass.totals());
      }
    }
    assertThat(macs.get(0)).isPositive();
    assertThat(macs).isEqualTo(List.of(1L, 2L, 3L, 4L).stream().map(n -> n * macs.get(0)).toList());
  }

  /** Devices of 12 to 14 examples, none of whom sees them all: n_k is what they have. */
  @Test
  void aBodyCountsAsMuchAsItsDevice_whateverTheStepsAre() {
    Map<String, Object> plain =
        Map.of("examples", 0, "steps", 2, "clip", 0, "optimizer", "sgd", "learningRate", 0.1);
    var split = OraclesTest.run("sfl-ff", plain, 2);
    var whole = OraclesTest.run("fedavg", plain, 2);
    for (var spec : whole.trained().specs()) {
      assertThat(split.trained().get(spec.name()).toArray())
          .as(spec.name())
          .containsExactly(whole.trained().get(spec.name()).toArray(), within(1e-6f));
    }
  }
}
