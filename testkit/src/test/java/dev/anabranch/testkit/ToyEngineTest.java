package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Batch;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.TensorMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

final class ToyEngineTest {
  private static final Parameterisation PROMPT =
      new Parameterisation.SoftPrompt(2, Parameterisation.SoftPrompt.Placing.EMBEDDED);
  private static final Parameterisation ALL =
      new Parameterisation.Combined(List.of(PROMPT, new Parameterisation.Everything()));

  private static ModelUse whole(Parameterisation how) {
    return new ModelUse(Partition.whole(4, NodeId.Role.DEVICE), Map.of("whole", how));
  }

  private static <T> T on(ToyEngine engine, ModelUse use, Function<ToyModel, T> work) {
    return engine
        .lanes()
        .run(
            () -> {
              try (var model = engine.open(use, NodeId.Role.DEVICE, 3)) {
                return work.apply(model);
              }
            },
            false)
        .value();
  }

  private static Batch batch(ToyEngine engine) {
    return engine.shard(5, 1).batch(new int[] {0, 1, 2, 3, 4});
  }

  /** Every variable's gradient against the central difference of the loss, all in double. */
  private static void checkGradients(Parameterisation how) {
    try (var engine = new ToyEngine(5, 6, 4, 3, 1, 7, false, false, false)) {
      var batch = batch(engine);
      on(
          engine,
          whole(how),
          model -> {
            var variables = model.variables();
            // Away from the start, where the low-rank part is zero.
            variables.trained().values().forEach(w -> w[0] += 0.25f);
            variables.zero();
            model.route().lossAndGradient(batch);
            var gradients = new LinkedHashMap<String, double[]>();
            for (var name : variables.trained().keySet()) {
              gradients.put(name, Objects.requireNonNull(variables.gradient(name)).clone());
            }
            for (var name : variables.trained().keySet()) {
              double[] exact = Objects.requireNonNull(gradients.get(name));
              float[] w = variables.weight(name);
              for (int i = 0; i < w.length; i++) {
                float at = w[i];
                w[i] = at + 0x1p-8f;
                double up = w[i];
                double above = model.route().lossAndGradient(batch);
                w[i] = at - 0x1p-8f;
                double below = model.route().lossAndGradient(batch);
                double slope = (above - below) / (up - w[i]);
                w[i] = at;
                assertThat(exact[i]).as(name + "[" + i + "]").isCloseTo(slope, within(2e-5));
              }
            }
            return 0;
          });
    }
  }

  @Test
  void gradients_areThoseOfFiniteDifferences() {
    checkGradients(ALL);
    checkGradients(
        new Parameterisation.Combined(List.of(PROMPT, new Parameterisation.Lora(2, 4, List.of()))));
    checkGradients(new Parameterisation.Biases());
    checkGradients(new Parameterisation.HeadOnly());
  }

  /** One batch forward and backward, through cuts where there are some. */
  private static TensorMap gradient(ToyEngine engine, ModelUse use, boolean cut) {
    var batch = batch(engine);
    return on(
        engine,
        use,
        model -> {
          if (cut) {
            var up = model.head().forward(batch);
            var block = model.block("body");
            var down = up.withValues(block.forward(up));
            var tail = model.tail().lossAndGradient(down, batch);
            model.head().backward(batch, block.backward(up, tail.gradient()));
          } else {
            model.route().lossAndGradient(batch);
          }
          var optimizer = model.optimizer(OptimizerSpec.sgd(1, 0));
          optimizer.step();
          return model.trainable().copy();
        });
  }

  @Test
  void cuts_changeNothing() {
    try (var engine = ToyEngine.small(1)) {
      var expected = gradient(engine, whole(ALL), false);
      for (int cut1 = 0; cut1 < 4; cut1++) {
        for (int cut2 = cut1 + 1; cut2 <= 4; cut2++) {
          var use =
              new ModelUse(
                  new Partition(
                      4,
                      List.of(
                          new Partition.Segment("head", 0, cut1, NodeId.Role.DEVICE),
                          new Partition.Segment("body", cut1, cut2, NodeId.Role.DEVICE),
                          new Partition.Segment("tail", cut2, 4, NodeId.Role.DEVICE))),
                  Map.of(
                      "head",
                      ALL,
                      "body",
                      new Parameterisation.Everything(),
                      "tail",
                      new Parameterisation.Everything()));
          var actual = gradient(engine, use, true);
          for (var spec : expected.specs()) {
            assertThat(actual.get(spec.name()).toArray())
                .as(spec.name())
                .containsExactly(expected.get(spec.name()).toArray());
          }
        }
      }
    }
  }

  @Test
  void work_isCountedByTheFormula() {
    try (var engine = ToyEngine.small(1)) {
      long b = 5;
      long forward = b * (6 * 5 + 4 * (3 + 1) * 36 + 3 * 6);
      var all =
          engine
              .lanes()
              .run(
                  () -> {
                    try (var model = engine.open(whole(ALL), NodeId.Role.DEVICE, 3)) {
                      return model.route().lossAndGradient(batch(engine));
                    }
                  },
                  false);
      // A full backward is two forwards, but for the embedding, below which nothing is.
      assertThat(all.macs()).isEqualTo(3 * forward - b * 6 * 5);
      var prompt =
          engine
              .lanes()
              .run(
                  () -> {
                    try (var model = engine.open(whole(PROMPT), NodeId.Role.DEVICE, 3)) {
                      return model.route().lossAndGradient(batch(engine));
                    }
                  },
                  false);
      assertThat(prompt.macs()).isEqualTo(2 * forward - b * 6 * 5);
    }
  }

  @Test
  void proximal_pullsTowardsItsAnchor() {
    try (var engine = ToyEngine.small(1)) {
      on(
          engine,
          whole(new Parameterisation.HeadOnly()),
          model -> {
            var start = model.trainable().copy();
            var anchor = start.scale(0);
            var optimizer =
                model.optimizer(OptimizerSpec.sgd(0.5, 0), new GradientTerm.Proximal(0.5, anchor));
            double norm = optimizer.step();
            assertThat(norm).isCloseTo(0.5 * start.norm(), within(1e-6));
            assertThat(model.trainable().copy().minus(start.scale(0.75)).norm()).isLessThan(1e-6);
            return 0;
          });
    }
  }

  @Test
  void clipAndWarmup_boundTheStep() {
    try (var engine = ToyEngine.small(1)) {
      on(
          engine,
          whole(new Parameterisation.HeadOnly()),
          model -> {
            var start = model.trainable().copy();
            var spec = new OptimizerSpec(OptimizerSpec.Kind.SGD, 1, 0, 0, 0, 0, 0.25, 4);
            var optimizer = model.optimizer(spec, new GradientTerm.Proximal(10, start.scale(0)));
            assertThat(optimizer.step()).isGreaterThan(0.25);
            assertThat(model.trainable().minus(start).norm()).isCloseTo(0.25 / 4, within(1e-6));
            return 0;
          });
    }
  }

  @Test
  void adamw_firstStepIsTheRate() {
    try (var engine = ToyEngine.small(1)) {
      on(
          engine,
          whole(new Parameterisation.HeadOnly()),
          model -> {
            var start = model.trainable().copy();
            model.route().lossAndGradient(batch(engine));
            var spec = new OptimizerSpec(OptimizerSpec.Kind.ADAMW, 0.01, 0, 0.9, 0.999, 0, 0, 0);
            model.optimizer(spec).step();
            for (float step : model.trainable().minus(start).get("classifier.weight").toArray()) {
              assertThat(Math.abs(step)).isCloseTo(0.01f, within(1e-5f));
            }
            return 0;
          });
    }
  }

  @Test
  void tensorWork_offALaneIsRefused() {
    try (var engine = ToyEngine.small(1)) {
      assertThatThrownBy(() -> engine.open(whole(ALL), NodeId.Role.DEVICE, 3))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("on a lane only");
    }
  }

  @Test
  void memory_isThatOfOpenModels() {
    try (var engine = ToyEngine.small(1)) {
      var done =
          engine
              .lanes()
              .run(
                  () -> {
                    try (var model =
                        engine.open(
                            whole(new Parameterisation.HeadOnly()), NodeId.Role.DEVICE, 3)) {
                      return model.trainable().copy().elements();
                    }
                  },
                  true);
      assertThat(done.peakNativeBytes()).isEqualTo(2 * 4 * done.value());
      assertThat(engine.lanes().liveNativeBytes()).isZero();
    }
  }
}
