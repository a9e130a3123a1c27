package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Beside;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.parts.ProxyTuned;
import dev.anabranch.parts.ProxyTuning;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** FedPT in its limits, on toy language models. */
class FedPtTest {
  private static final Map<String, Object> SHORT =
      Map.of("rounds", 3, "cohort", 3, "examples", 8, "batch", 3, "parameterisation", "everything");

  private static Map<String, Object> with(Map<String, Object> more) {
    var all = new LinkedHashMap<>(SHORT);
    all.put("learningRate", 0.02);
    all.putAll(more);
    return all;
  }

  static Method<?> fedpt(Map<String, Object> more) {
    var all = with(Map.of("distilExamples", 6, "distilBatch", 3, "distilLearningRate", 0.01));
    all.putAll(more);
    return Plans.method("fedpt", all);
  }

  static ToyEngine small() {
    return ToyEngine.language(6, 2, 7);
  }

  private static Outcome run(Method<?> method) {
    try (var engine = small()) {
      return Plans.run(method, ToyJob.of(engine, 5), engine);
    }
  }

  static <S> Outcome run(Method<S> method, ToyEngine engine, MemoryLog log, Beside beside) {
    Job job = ToyJob.of(engine, 5).withLog(log).job(method.use(engine.facts()));
    return new LocalFabric().run(method, job.with(beside));
  }

  @Test
  void distillationWithoutAStepIsFedAvgOnTheSmallModel() {
    var average = run(Plans.method("fedavg", with(Map.of())));
    var still = run(fedpt(Map.of("distilLearningRate", 0.0)));
    assertThat(still.trained().sha256()).isEqualTo(average.trained().sha256());
    assertThat(still.totals().byTopic()).isEqualTo(average.totals().byTopic());
    assertThat(still.totals().queries()).isEqualTo(18);
    var none = run(fedpt(Map.of("distilEpochs", 0)));
    assertThat(none.trained().sha256()).isEqualTo(average.trained().sha256());
    assertThat(none.totals()).isEqualTo(average.totals());
    assertThat(run(fedpt(Map.of())).trained().sha256()).isNotEqualTo(average.trained().sha256());
  }

  /** θ_l = θ_s0: the teacher is the mean itself, so the first step has nothing to learn. */
  @Test
  void theSmallBaseAsLargeModelTeachesNothing() {
    try (var engine = small()) {
      var log = new MemoryLog();
      var text = ToyEngine.text(6, 0, 5);
      run(
          fedpt(Map.of("distilExamples", 0, "distilBatch", 6, "clamp", 0)),
          engine,
          log,
          new Beside(engine.box(), text));
      assertThat(log.of("metric"))
          .filteredOn(line -> "distilLoss".equals(line.fields().get("name")))
          .hasSize(3)
          .allSatisfy(
              line -> assertThat((Double) line.fields().get("value")).isCloseTo(0, within(1e-9)));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"alpha", "clamp", "temperature", "labelWeight", "topK", "distilEvery"})
  void everySettingCounts(String key) {
    Object value = key.equals("topK") || key.equals("distilEvery") ? (Object) 2 : (Object) 0.5;
    assertThat(run(fedpt(Map.of(key, value))).trained().sha256())
        .isNotEqualTo(run(fedpt(Map.of())).trained().sha256());
    assertThat(run(fedpt(Map.of("divergence", "reverse"))).trained().sha256())
        .isNotEqualTo(run(fedpt(Map.of())).trained().sha256());
  }

  @Test
  void questionsAreCountedAndSurviveAResume() {
    try (var engine = small()) {
      var log = new MemoryLog();
      var method = fedpt(Map.of("distilExamples", 4, "distilEpochs", 2));
      var job = ToyJob.of(engine, 5).withLog(log);
      var outcome = Plans.run(method, job, engine);
      assertThat(outcome.totals().queries()).isEqualTo(3 * 2 * 4);
      assertThat(log.of("query")).hasSize(3);
      long tokens = log.of("query").stream().mapToLong(l -> (Long) l.fields().get("tokens")).sum();
      assertThat(outcome.totals().queryTokens()).isEqualTo(tokens).isGreaterThan(24 * 4);
    }
  }

  /** What the devices learned of their dialect moves a larger model that never saw it. */
  @Test
  void theLargeModelSpeaksTheDialectOfTheDevices() {
    try (var engine = small()) {
      var method = fedpt(Map.of("rounds", 40, "cohort", 5, "examples", 0, "distilEpochs", 0));
      var job = ToyJob.of(engine, 5).withEvaluateEvery(0);
      var outcome = Plans.run(method, job, engine);
      var use = method.use(engine.facts());
      var evaluation = job.job(use).scoring().evaluation();
      try (var tuned = engine.predictor(use, outcome.trained());
          var base = engine.predictor(use, initial(engine, method))) {
        var large = new Boxed(engine.large());
        double alone = evaluation.score(large).loss();
        double moved =
            evaluation.score(new ProxyTuned(large, tuned, base, new ProxyTuning(1, 10))).loss();
        assertThat(moved).isLessThan(alone - 0.1);
        double same =
            evaluation.score(new ProxyTuned(large, base, base, new ProxyTuning(1, 10))).loss();
        assertThat(same).isEqualTo(alone);
      }
    }
  }

  /** Healing is the same distillation before anybody tunes, and what comes of it is the base. */
  @Test
  void aHealedModelIsTheBase() {
    var healed = run(fedpt(Map.of("healRounds", 2, "rounds", 1, "learningRate", 0.0)));
    var plain = run(fedpt(Map.of("rounds", 1, "learningRate", 0.0)));
    assertThat(healed.trained().sha256()).isNotEqualTo(plain.trained().sha256());
    assertThat(healed.totals().queries()).isEqualTo(3 * 6);
    // untuned after healing: the teacher is the large model as it is, so alpha changes nothing
    var other = run(fedpt(Map.of("healRounds", 2, "rounds", 1, "learningRate", 0.0, "alpha", 3)));
    assertThat(other.trained().sha256()).isEqualTo(healed.trained().sha256());
  }

  private static TensorMap initial(ToyEngine engine, Method<?> method) {
    var still = fedpt(Map.of("rounds", 1, "learningRate", 0.0, "distilEpochs", 0));
    return Plans.run(still, ToyJob.of(engine, 5), engine).trained();
  }

  private record Boxed(BlackBox box) implements Predictor {
    @Override
    public Tensor logits(Batch batch) {
      return box.logits((Inputs.Tokens) batch.inputs());
    }

    @Override
    public void close() {}
  }
}
