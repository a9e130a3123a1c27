package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Pooling;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Limits in which one method is another, and what no method may do. */
final class OraclesTest {
  static Outcome run(String method, Map<String, ?> settings, int lanes) {
    var all = new LinkedHashMap<String, Object>();
    all.putAll(Map.of("rounds", 3, "cohort", 4, "examples", 8, "batch", 3));
    all.putAll(settings);
    return Plans.run(Plans.method(method, all), lanes, UnaryOperator.identity());
  }

  @Test
  void withoutPromptsSelfUpdateAndPruningSfPromptIsSflLinear() {
    var prompt =
        run(
            "sfprompt",
            Map.of("num_virtual_tokens", 0, "selfUpdateEpochs", 0, "keepFraction", 1),
            2);
    var linear = run("sfl-linear", Map.of(), 2);
    assertThat(prompt.trained().sha256()).isEqualTo(linear.trained().sha256());
    assertThat(prompt.totals().total()).isEqualTo(linear.totals().total());
  }

  @Test
  void aSplitModelTrainsAsTheWholeModelDoes() {
    var split = run("sfl-ff", Map.of("clip", 0, "optimizer", "sgd", "learningRate", 0.1), 2);
    var whole = run("fedavg", Map.of("clip", 0, "optimizer", "sgd", "learningRate", 0.1), 2);
    for (var spec : whole.trained().specs()) {
      float[] a = whole.trained().get(spec.name()).toArray();
      float[] b = split.trained().get(spec.name()).toArray();
      for (int i = 0; i < a.length; i++) {
        assertThat(b[i]).as(spec.name()).isCloseTo(a[i], within(1e-6f));
      }
    }
  }

  @Test
  void fedProxWithoutPullIsFedAvg() {
    assertThat(run("fedprox", Map.of("mu", 0.0), 2).trained().sha256())
        .isEqualTo(run("fedavg", Map.of(), 2).trained().sha256());
    assertThat(run("fedprox", Map.of("mu", 1.0), 2).trained().sha256())
        .isNotEqualTo(run("fedavg", Map.of(), 2).trained().sha256());
  }

  @Test
  void localOnlyReportsItsOwnAccuracy() {
    var outcome = run("local-only", Map.of("learningRate", 0.05), 2);
    assertThat(outcome.last().accuracy()).isBetween(0.34, 1.0);
    var learned = run("local-only", Map.of("learningRate", 0.0), 2);
    assertThat(outcome.last().accuracy()).isNotEqualTo(learned.last().accuracy());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fedavg",
        "fedprox",
        "local-only",
        "central",
        "sfl-ff",
        "sfl-linear",
        "sfprompt",
        "droppeft"
      })
  void anyNumberOfLanesGivesTheSameBits(String method) {
    var one = run(method, Map.of(), 1);
    for (int lanes : new int[] {2, 4}) {
      var more = run(method, Map.of(), lanes);
      assertThat(more.trained().sha256()).isEqualTo(one.trained().sha256());
      assertThat(more.totals()).isEqualTo(one.totals());
      assertThat(more.virtualSeconds()).isEqualTo(one.virtualSeconds());
      assertThat(more.last()).isEqualTo(one.last());
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "fedavg",
        "fedprox",
        "local-only",
        "central",
        "sfl-ff",
        "sfl-linear",
        "sfprompt",
        "droppeft"
      })
  void frozenWeightsStayAsTheyAre(String method) {
    var plan = Plans.method(method, Map.of("rounds", 2, "cohort", 3));
    try (var engine = ToyEngine.small(2)) {
      var before = engine.frozenSha256();
      Plans.run(plan, ToyJob.of(engine, 6), engine);
      assertThat(engine.frozenSha256()).isEqualTo(before);
    }
  }

  @Test
  void everyOptionOfSfPromptChangesTheResult() {
    var base = run("sfprompt", Map.of("selfUpdateEpochs", 2), 2).trained().sha256();
    var options =
        Map.<String, Object>of(
            "auxTail",
            true,
            "pruneBeforeSelfUpdate",
            true,
            "keep",
            "random",
            "dropTop",
            0.3,
            "weighted",
            false,
            "tailTrainable",
            "classifier",
            "headLayers",
            2,
            "tailLayers",
            2,
            "keepFraction",
            1.0,
            "epochs",
            2);
    options.forEach((key, value) -> {
      var settings = new LinkedHashMap<String, Object>(Map.of("selfUpdateEpochs", 2));
      settings.put(key, value);
      if (key.equals("weighted")) {
        settings.put("examples", 0); // sizes differ only when nothing is cut
        assertThat(run("sfprompt", settings, 2).trained().sha256())
            .isNotEqualTo(
                run("sfprompt", Map.of("selfUpdateEpochs", 2, "examples", 0), 2)
                    .trained()
                    .sha256());
        return;
      }
      assertThat(run("sfprompt", settings, 2).trained().sha256()).as(key).isNotEqualTo(base);
    });
  }

  @Test
  void optionsThatNeedSeveralVisitsRun() {
    for (var option :
        Map.<String, Object>of("scoreWeight", 0.3, "freezeRounds", 3, "classFloor", 1).entrySet()) {
      var outcome = run("sfprompt", Map.of(option.getKey(), option.getValue(), "cohort", 6), 2);
      assertThat(outcome.trained().isFinite()).isTrue();
    }
  }

  @Test
  void aShortcutThatCannotSeeItsInputIsRefused() {
    var blind = new ModelFacts("toy", 4, 6, 3, 8, Pooling.CLS, "");
    var plan = Plans.method("sfprompt", Map.of("headLayers", 0, "tailLayers", 0));
    assertThatThrownBy(() -> plan.use(blind))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(
            "task.pooling: cls (expected: mean, or headLayers + tailLayers of at least 1, because"
                + " the shortcut from head to tail cannot see the text otherwise; or"
                + " selfUpdateEpochs: 0 and keepFraction: 1)");
    var unused =
        Plans.method(
            "sfprompt",
            Map.of("headLayers", 0, "tailLayers", 0, "selfUpdateEpochs", 0, "keepFraction", 1));
    assertThat(unused.use(blind).prompts()).isEqualTo(10);
  }

  @Test
  void aCutOutsideTheModelIsNamed() {
    var model = new ModelFacts("toy", 4, 6, 3, 8, Pooling.MEAN, "");
    assertThatThrownBy(() -> Plans.method("sfprompt", Map.of("headLayers", 9)).use(model))
        .hasMessage("headLayers: 9 (expected: 0 to 4)");
    assertThatThrownBy(() -> Plans.method("sfl-ff", Map.of("tailLayers", 3)).use(model))
        .hasMessage("tailLayers: 3 (expected: 0 to 2)");
  }

  @Test
  void anUnknownKeyIsAnsweredWithTheNearest() {
    assertThatThrownBy(() -> Plans.method("sfprompt", Map.of("keepFracton", 0.5)))
        .hasMessageStartingWith(
            "method.sfprompt.keepFracton: unknown key (expected: 'keepFraction'? one of rounds,");
  }
}
