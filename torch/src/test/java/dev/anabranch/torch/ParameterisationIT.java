package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Failure;
import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every parameterisation: where it starts, what it moves, and its gradient. */
class ParameterisationIT {
  private static final double RATE = 1 << 20;
  private static final List<String> LINEARS = BertShapes.LORA_TARGETS;
  private static TorchEngine tiny;

  @BeforeAll
  static void open() throws Exception {
    tiny = Given.tinyEngine(Pooling.MEAN, 2);
  }

  @AfterAll
  static void close() {
    tiny.close();
  }

  static Stream<Parameterisation> all() {
    return Stream.of(
        new Parameterisation.Everything(),
        new Parameterisation.HeadOnly(),
        new Parameterisation.Biases(),
        new Parameterisation.Lora(4, 8, List.of("query", "value")),
        new Parameterisation.Lora(3, 6, LINEARS),
        new Parameterisation.Adapter(5),
        new SoftPrompt(3, Placing.WORDS),
        new SoftPrompt(3, Placing.EMBEDDED),
        new Parameterisation.Prefix(4),
        new Parameterisation.Combined(
            List.of(new SoftPrompt(2, Placing.EMBEDDED), new Parameterisation.Everything())),
        new Parameterisation.Combined(
            List.of(new Parameterisation.Biases(), new Parameterisation.Lora(2, 2, LINEARS))));
  }

  private static final Batch BATCH = Given.batch(11, 5, 8, 128, 3);

  private static TensorMap gradient(Model model) {
    var before = model.trainable().copy();
    try (var stepper = model.optimizer(OptimizerSpec.sgd(RATE, 0))) {
      stepper.zero();
      model.route().lossAndGradient(BATCH);
      stepper.step();
    }
    var out = model.trainable().minus(before).scale(-1 / RATE);
    model.trainable().load(before);
    return out;
  }

  /** Moves everything a little, so that no gradient is zero because another variable is. */
  private static void disturb(Model model, long seed) {
    var values = model.trainable().copy();
    var random = dev.anabranch.core.Seeds.stream(seed, "disturb");
    var noise = TensorMap.zeros(values.specs());
    for (long i = 0; i < noise.elements(); i++) {
      noise
          .data()
          .setAtIndex(dev.anabranch.core.Tensor.FLOAT, i, (float) (random.nextGaussian() * 0.05));
    }
    model.trainable().load(values.plus(noise));
  }

  @ParameterizedTest
  @MethodSource("all")
  void everyVariableHasTheGradientOfFiniteDifferences(Parameterisation how) {
    Given.on(
        tiny,
        () -> {
          try (var model = tiny.open(Given.whole(3, how), NodeId.Role.DEVICE, 5)) {
            disturb(model, 1);
            var gradient = gradient(model);
            var at = model.trainable().copy();
            for (var spec : at.specs()) {
              var part = gradient.select(spec.name()::equals);
              double norm = part.norm();
              // a key's bias shifts all scores of a query alike: the softmax does not see it
              if (!spec.name().endsWith("key.bias")) {
                assertThat(norm).as(spec.name()).isGreaterThan(1e-7);
              }
              var direction = TensorMap.zeros(at.specs());
              double step = 2e-2;
              if (norm > 1e-4) {
                var into = direction.get(spec.name());
                var from = part.get(spec.name());
                for (long i = 0; i < from.elements(); i++) {
                  into.set(i, (float) (from.get(i) / norm));
                }
                model.trainable().load(at.plusScaled(step, direction));
                double up = model.route().loss(BATCH);
                model.trainable().load(at.plusScaled(-step, direction));
                double down = model.route().loss(BATCH);
                assertThat((up - down) / (2 * step))
                    .as(spec.name())
                    .isCloseTo(norm, offset(2e-5 + 0.03 * norm));
              }
            }
          }
          return true;
        });
  }

  @ParameterizedTest
  @MethodSource("all")
  void trainsAndLeavesTheFrozenBaseAlone(Parameterisation how) {
    var use = Given.whole(3, how);
    var plain = Given.whole(3, new Parameterisation.HeadOnly());
    Given.on(
        tiny,
        () -> {
          try (var other = tiny.open(plain, NodeId.Role.DEVICE, 5);
              var model = tiny.open(use, NodeId.Role.DEVICE, 5)) {
            float[] before = other.route().logits(BATCH).toArray();
            double first = model.route().loss(BATCH);
            try (var stepper = model.optimizer(OptimizerSpec.adamw(1e-2))) {
              new GradientSolver(stepper)
                  .solve(model.route(), IntStream.range(0, 12).mapToObj(i -> BATCH).toList());
            }
            assertThat(model.route().loss(BATCH)).isLessThan(first);
            assertThat(other.route().logits(BATCH).toArray()).isEqualTo(before);
          }
          return true;
        });
  }

  @ParameterizedTest
  @MethodSource("all")
  void theSameSeedGivesTheSameValues(Parameterisation how) {
    var use = Given.whole(3, how);
    var hashes =
        Stream.of(5L, 5L, 6L)
            .map(seed ->
                Given.on(
                    tiny,
                    () -> {
                      try (var model = tiny.open(use, NodeId.Role.DEVICE, seed)) {
                        return model.trainable().copy().sha256();
                      }
                    }))
            .toList();
    assertThat(hashes.get(0)).isEqualTo(hashes.get(1)).isNotEqualTo(hashes.get(2));
  }

  @Test
  void aNameDrawsTheSameValuesWhateverElseIsDrawn() {
    var one = start(new Parameterisation.HeadOnly());
    var two = start(new Parameterisation.Lora(2, 2, LINEARS));
    assertThat(two.get("classifier.weight").toArray())
        .isEqualTo(one.get("classifier.weight").toArray());
  }

  private static TensorMap start(Parameterisation how) {
    return Given.on(
        tiny,
        () -> {
          try (var model = tiny.open(Given.whole(3, how), NodeId.Role.DEVICE, 5)) {
            return model.trainable().copy();
          }
        });
  }

  @Test
  void loraAndAdapterStartAsTheModelWithout() {
    var plain = logits(new Parameterisation.HeadOnly());
    assertThat(logits(new Parameterisation.Lora(4, 8, LINEARS)))
        .containsExactly(plain, offset(1e-6f));
    assertThat(logits(new Parameterisation.Adapter(5))).containsExactly(plain, offset(1e-6f));
    assertThat(logits(new Parameterisation.Everything())).containsExactly(plain, offset(1e-6f));
    assertThat(logits(new Parameterisation.Biases())).containsExactly(plain, offset(1e-6f));
  }

  private static float[] logits(Parameterisation how) {
    return Given.on(
        tiny,
        () -> {
          try (var model = tiny.open(Given.whole(3, how), NodeId.Role.DEVICE, 5)) {
            return model.route().logits(BATCH).toArray();
          }
        });
  }

  @Test
  void initialValuesHaveTheSpreadTheyClaim() {
    var lora = start(new Parameterisation.Lora(8, 8, List.of("output.dense")));
    float[] a = lora.get("encoder.layer.1.output.dense.lora_A").toArray();
    double bound = 1 / Math.sqrt(48);
    assertThat(IntStream.range(0, a.length).mapToDouble(i -> Math.abs(a[i])).max().orElse(0))
        .isBetween(0.9 * bound, bound);
    assertThat(lora.get("encoder.layer.1.output.dense.lora_B").toArray()).containsOnly(0f);
    var prompt = start(new SoftPrompt(16, Placing.WORDS)).get("prompt");
    double square = 0;
    for (float v : prompt.toArray()) {
      square += v * v;
    }
    assertThat(Math.sqrt(square / prompt.elements())).isCloseTo(0.02, offset(0.003));
  }

  @ParameterizedTest
  @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE) // of language models
  void everyPoolingReadsWhatItSays(Pooling pooling) throws Exception {
    try (var engine = Given.tinyEngine(pooling, 1)) {
      for (var placing : Placing.values()) {
        var use = Given.whole(3, new SoftPrompt(3, placing));
        Given.on(
            engine,
            () -> {
              try (var model = engine.open(use, NodeId.Role.DEVICE, 5)) {
                double loss = model.route().lossAndGradient(BATCH);
                assertThat(model.route().loss(BATCH)).isCloseTo(loss, offset(1e-6));
              }
              return true;
            });
      }
    }
  }

  @Test
  void paddingChangesNothing() {
    var use = Given.whole(3, new SoftPrompt(2, Placing.EMBEDDED));
    var wide = Given.batch(3, 1, 6, 128, 3);
    var tokens = (dev.anabranch.core.Inputs.Tokens) wide.inputs();
    int[] ids = java.util.Arrays.copyOf(tokens.ids(), 10);
    var padded =
        new Batch(
            wide.rows(),
            new dev.anabranch.core.Inputs.Tokens(ids, 10, tokens.lengths(), new int[10]),
            wide.labels());
    Given.on(
        tiny,
        () -> {
          try (var model = tiny.open(use, NodeId.Role.DEVICE, 5)) {
            assertThat(model.route().logits(padded).toArray())
                .containsExactly(model.route().logits(wide).toArray(), offset(1e-6f));
          }
          return true;
        });
  }

  @Test
  void twoLanesGiveWhatOneGives() throws Exception {
    var use = Given.whole(3, new Parameterisation.Everything());
    try (var one = Given.tinyEngine(Pooling.MEAN, 1)) {
      var alone = IntStream.range(0, 6).mapToObj(i -> train(one, use, i)).toList();
      var together = IntStream.range(0, 6).parallel().mapToObj(i -> train(tiny, use, i)).toList();
      assertThat(together).isEqualTo(alone);
    }
  }

  private static String train(TorchEngine engine, ModelUse use, int seed) {
    return Given.on(
        engine,
        () -> {
          try (var model = engine.open(use, NodeId.Role.DEVICE, 5);
              var stepper = model.optimizer(OptimizerSpec.adamw(1e-3))) {
            var batch = Given.batch(seed, 4, 9, 128, 3);
            new GradientSolver(stepper).solve(model.route(), List.of(batch, batch, batch));
            return model.trainable().copy().sha256();
          }
        });
  }

  @Test
  void aPromptBelongsWhereTheTextEnters() {
    var use =
        new ModelUse(
            Partition.uShape(3, 1, 2), Map.of("body", new SoftPrompt(2, Placing.EMBEDDED)));
    assertThatThrownBy(() -> Given.on(tiny, () -> tiny.open(use, NodeId.Role.BODY, 1)))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("soft prompt in segment: body (expected: head, where the text enters)")
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.PLAN);
  }

  @Test
  void loadRefusesWhatDoesNotFit() {
    var use = Given.whole(3, new Parameterisation.HeadOnly());
    Given.on(
        tiny,
        () -> {
          try (var model = tiny.open(use, NodeId.Role.DEVICE, 5)) {
            var values = model.trainable().copy();
            assertThatThrownBy(
                    () -> model.trainable().load(values.select("classifier.bias"::equals)))
                .hasMessageContaining("tensor 'classifier.weight' is missing");
            assertThatThrownBy(() ->
                    model
                        .trainable()
                        .load(values.and(TensorMap.of(Map.of("x", values.get("classifier.bias"))))))
                .hasMessageContaining("tensor 'x': unknown");
          }
          return true;
        });
  }

  @Test
  void aModelIsUsedOnALaneOnly() {
    var use = Given.whole(3, new Parameterisation.HeadOnly());
    assertThatThrownBy(() -> tiny.open(use, NodeId.Role.DEVICE, 5))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("(expected: a lane; tensor work belongs into Lane.run)");
    var model = Given.on(tiny, () -> tiny.open(use, NodeId.Role.DEVICE, 5));
    assertThatThrownBy(() -> model.trainable().copy()).hasMessageContaining("expected: a lane");
    assertThatThrownBy(() -> model.route().loss(BATCH)).hasMessageContaining("expected: a lane");
    model.close();
    model.close();
  }
}
