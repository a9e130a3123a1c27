package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Outcome;
import dev.anabranch.testkit.ToyEngine;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/**
 * The ledger against the closed forms of the cost model: bytes of a round, per device, with n
 * examples, q bytes of one sample's hidden states, U passes, gamma kept.
 */
final class TrafficTest {
  private static final int LAYERS = 4;
  private static final long WIDTH = 6;
  private static final int DEVICES = 6;

  /** With 8 examples a visit every device has as many. */
  private static final int N = 8;

  private static final long LAYER = 2L * WIDTH * WIDTH + WIDTH;
  private static final long CLASSIFIER = 3L * WIDTH + 3;
  private static final long EMBEDDING = 5L * WIDTH + WIDTH;

  private static Outcome run(String method, Map<String, ?> settings) {
    var all = new java.util.LinkedHashMap<String, Object>();
    all.putAll(Map.of("rounds", 1, "cohort", DEVICES, "examples", N, "batch", 3));
    all.putAll(settings);
    return Plans.run(Plans.method(method, all), 2, UnaryOperator.identity());
  }

  private static void both(Outcome outcome, long each) {
    assertThat(outcome.totals().down()).isEqualTo(DEVICES * each);
    assertThat(outcome.totals().up()).isEqualTo(DEVICES * each);
  }

  @Test
  void fullFineTuningSendsTheModelBothWays() { // C_FL = 2 |W| b
    both(run("fedavg", Map.of()), 4 * (EMBEDDING + LAYERS * LAYER + CLASSIFIER));
  }

  @Test
  void onlyTheTrainedPartIsSent() { // FedPEFT: delta · b
    both(run("fedavg", Map.of("parameterisation", "head")), 4 * CLASSIFIER);
    both(run("fedprox", Map.of("parameterisation", "head", "mu", 0.5)), 4 * CLASSIFIER);
  }

  @Test
  void sfPromptSendsKeptSamplesFourTimesAndPromptAndTail() { // 4 E_s γ n q + 2 (|W_t| + |p|) b
    int prompts = 3;
    long q = 4L * (prompts + 1) * WIDTH;
    long kept = 4; // floor(0.5 · 8)
    long own = 4 * (LAYER + CLASSIFIER + prompts * WIDTH);
    var settings =
        Map.of("num_virtual_tokens", prompts, "keepFraction", 0.5, "selfUpdateEpochs", 1);
    both(run("sfprompt", settings), 2 * kept * q + own);
    var twice = new java.util.LinkedHashMap<String, Object>(settings);
    twice.put("epochs", 2);
    both(run("sfprompt", twice), 2 * (2 * kept * q) + own);
  }

  @Test
  void sfPromptsTopicsAreTheFourCrossings() {
    var totals =
        run("sfprompt", Map.of("num_virtual_tokens", 3, "selfUpdateEpochs", 0, "keepFraction", 1))
            .totals();
    long crossing = DEVICES * N * 4L * 4 * WIDTH;
    assertThat(totals.byTopic())
        .containsEntry("activation", crossing)
        .containsEntry("body-output", crossing)
        .containsEntry("output-gradient", crossing)
        .containsEntry("activation-gradient", crossing);
  }

  @Test
  void sflFullSendsEverySampleFourTimesAndHeadAndTail() { // 4 U n q + 2 (|W_h| + |W_t|) b
    long q = 4L * WIDTH;
    long own = 4 * (EMBEDDING + 2 * LAYER + CLASSIFIER);
    var outcome = run("sfl-ff", Map.of("epochs", 2));
    both(outcome, 2 * 2 * N * q + own);
    assertThat(outcome.totals().backbone()).isEqualTo(DEVICES * 2 * 4 * 2 * LAYER);
  }

  @Test
  void sflLinearSendsNoGradients() { // 2 U n q + 2 |W_t| b
    long q = 4L * WIDTH;
    both(run("sfl-linear", Map.of("epochs", 2)), 2 * N * q + 4 * (LAYER + CLASSIFIER));
    both(run("sfl-linear", Map.of("tailTrainable", "classifier")), N * q + 4 * CLASSIFIER);
  }

  @Test
  void localOnlySendsThreeNumbers() {
    var totals = run("local-only", Map.of()).totals();
    assertThat(totals.down()).isZero();
    assertThat(totals.up()).isEqualTo(DEVICES * 12L);
  }

  @Test
  void centralSendsNothing() {
    assertThat(run("central", Map.of()).totals().total()).isZero();
  }

  @Test
  void slicesSaveBytesAndChangeNoWeights() {
    var whole = run("sfprompt", Map.of("headLayers", 0, "selfUpdateEpochs", 1, "keepFraction", 1));
    var sliced =
        run(
            "sfprompt",
            Map.of(
                "headLayers", 0, "selfUpdateEpochs", 1, "keepFraction", 1, "sliceCrossings", true));
    assertThat(sliced.trained().sha256()).isEqualTo(whole.trained().sha256());
    assertThat(sliced.totals().total()).isLessThan(whole.totals().total());
  }

  @Test
  void theToyHasTheSizesOfTheFormulas() {
    try (var engine = ToyEngine.small(1)) {
      assertThat(engine.facts().layers()).isEqualTo(LAYERS);
      assertThat(engine.facts().width()).isEqualTo(WIDTH);
    }
  }
}
