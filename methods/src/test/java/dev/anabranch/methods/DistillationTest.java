package dev.anabranch.methods;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Beside;
import dev.anabranch.core.BlackBox;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Shard;
import dev.anabranch.core.Tensor;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** A student of a large model, and what distillation refuses. */
class DistillationTest {
  /** A student of the large model comes closer to it, round by round. */
  @Test
  void aStudentLearnsFromTheLargeModel() {
    var log = new MemoryLog();
    try (var engine = FedPtTest.small()) {
      var method =
          Plans.method(
              "student", Map.of("rounds", 8, "distilLearningRate", 0.02, "distilExamples", 0));
      Plans.run(method, ToyJob.of(engine, 5).withLog(log), engine);
    }
    double[] losses =
        log.of("metric").stream()
            .filter(line -> "distilLoss".equals(line.fields().get("name")))
            .mapToDouble(line -> (Double) line.fields().get("value"))
            .toArray();
    assertThat(losses).hasSize(8);
    assertThat(losses[7]).isLessThan(0.5 * losses[0]);
    assertThat(log.of("round")).isEmpty();
  }

  private record Wide(BlackBox box) implements BlackBox {
    @Override
    public String name() {
      return "wide";
    }

    @Override
    public int vocabulary() {
      return 9;
    }

    @Override
    public Tensor logits(Inputs.Tokens tokens) {
      return box.logits(tokens);
    }

    @Override
    public void close() {}
  }

  @Test
  void whatIsMissingOrDoesNotFitIsNamed() {
    try (var engine = FedPtTest.small()) {
      Shard text = ToyEngine.text(6, 0, 5);
      var log = new MemoryLog();
      assertThatThrownBy(
              () -> FedPtTest.run(FedPtTest.fedpt(Map.of()), engine, log, Beside.NOTHING))
          .hasMessage("method.fedpt.large: not given (expected: a model)");
      assertThatThrownBy(() ->
              FedPtTest.run(FedPtTest.fedpt(Map.of()), engine, log, new Beside(engine.box(), null)))
          .hasMessage("data.public: none (expected: texts that belong to no device)");
      var wide = new Wide(engine.box());
      assertThatThrownBy(
              () -> FedPtTest.run(FedPtTest.fedpt(Map.of()), engine, log, new Beside(wide, text)))
          .hasMessage("large: vocabulary of wide: 9 tokens (expected: 8, as that of toy)");
    }
    var classifier = new ModelFacts("toy", 4, 6, 3, 8, Pooling.MEAN, "");
    assertThatThrownBy(() -> FedPtTest.fedpt(Map.of()).use(classifier))
        .hasMessage(
            "task.kind: text-classification (expected: causal-lm, as fedpt works on the scores of"
                + " next tokens)");
  }
}
