package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.data.Offset.offset;

import dev.anabranch.core.Batch;
import dev.anabranch.core.GradientTerm;
import dev.anabranch.core.Model;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.TensorMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Steps against the published update rules, in double. */
class OptimizerIT {
  private static final Batch BATCH = Given.batch(2, 4, 7, 128, 3);
  private static TorchEngine tiny;

  @BeforeAll
  static void open() throws Exception {
    tiny = Given.tinyEngine(Pooling.MEAN, 1);
  }

  @AfterAll
  static void close() {
    tiny.close();
  }

  private static void model(Consumer<Model> body) {
    Given.on(
        tiny,
        () -> {
          try (var model =
              tiny.open(Given.whole(3, new Parameterisation.HeadOnly()), NodeId.Role.DEVICE, 5)) {
            body.accept(model);
          }
          return true;
        });
  }

  private static OptimizerSpec sgd(double momentum, double decay, double clip, int warmup) {
    return new OptimizerSpec(OptimizerSpec.Kind.SGD, 0.1, momentum, 0, 0, decay, clip, warmup);
  }

  /** The gradient at the model's present variables. */
  private static double[] gradient(Model model) {
    double rate = 1 << 20;
    var before = model.trainable().copy();
    try (var stepper = model.optimizer(OptimizerSpec.sgd(rate, 0))) {
      stepper.zero();
      model.route().lossAndGradient(BATCH);
      stepper.step();
    }
    double[] out = values(model.trainable().minus(before));
    for (int i = 0; i < out.length; i++) {
      out[i] /= -rate;
    }
    model.trainable().load(before);
    return out;
  }

  private static double[] values(TensorMap map) {
    double[] out = new double[(int) map.elements()];
    for (int i = 0; i < out.length; i++) {
      out[i] = map.data().getAtIndex(dev.anabranch.core.Tensor.FLOAT, i);
    }
    return out;
  }

  private static double norm(double[] values) {
    double sum = 0;
    for (double v : values) {
      sum += v * v;
    }
    return Math.sqrt(sum);
  }

  @Test
  void adamwIsThePublishedRule() {
    model(model -> {
      var spec = new OptimizerSpec(OptimizerSpec.Kind.ADAMW, 0.01, 0, 0.9, 0.99, 0.1, 0, 0);
      double[] w = values(model.trainable().copy());
      double[] m = new double[w.length];
      double[] v = new double[w.length];
      try (var stepper = model.optimizer(spec)) {
        for (int t = 1; t <= 4; t++) {
          double[] g = gradient(model);
          stepper.zero();
          model.route().lossAndGradient(BATCH);
          assertThat(stepper.step()).isCloseTo(norm(g), offset(1e-5));
          for (int i = 0; i < w.length; i++) {
            m[i] = 0.9 * m[i] + 0.1 * g[i];
            v[i] = 0.99 * v[i] + 0.01 * g[i] * g[i];
            double step =
                m[i] / (1 - Math.pow(0.9, t)) / (Math.sqrt(v[i] / (1 - Math.pow(0.99, t))) + 1e-8);
            w[i] = w[i] - 0.01 * 0.1 * w[i] - 0.01 * step;
          }
          double[] now = values(model.trainable().copy());
          for (int i = 0; i < w.length; i++) {
            assertThat(now[i]).isCloseTo(w[i], offset(1e-5));
          }
        }
      }
    });
  }

  @Test
  void sgdHasMomentumAndDecayInTheGradient() {
    model(model -> {
      double[] w = values(model.trainable().copy());
      double[] v = new double[w.length];
      try (var stepper = model.optimizer(sgd(0.9, 0.1, 0, 0))) {
        for (int t = 0; t < 3; t++) {
          double[] g = gradient(model);
          stepper.zero();
          model.route().lossAndGradient(BATCH);
          stepper.step();
          for (int i = 0; i < w.length; i++) {
            v[i] = 0.9 * v[i] + g[i] + 0.1 * w[i];
            w[i] -= 0.1 * v[i];
          }
        }
      }
      double[] now = values(model.trainable().copy());
      for (int i = 0; i < w.length; i++) {
        assertThat(now[i]).isCloseTo(w[i], offset(1e-5));
      }
    });
  }

  @Test
  void clippingKeepsTheDirectionAndWarmUpGrows() {
    model(model -> {
      double[] g = gradient(model);
      var before = model.trainable().copy();
      try (var stepper = model.optimizer(sgd(0, 0, norm(g) / 4, 2))) {
        stepper.zero();
        model.route().lossAndGradient(BATCH);
        assertThat(stepper.step()).isCloseTo(norm(g), offset(1e-5));
      }
      double[] moved = values(model.trainable().minus(before));
      for (int i = 0; i < g.length; i++) {
        assertThat(moved[i]).isCloseTo(-0.1 / 2 * g[i] / 4, offset(1e-6));
      }
    });
  }

  @Test
  void theProximalTermPullsBack() {
    model(model -> {
      var anchor = model.trainable().copy().scale(3);
      double[] g = gradient(model);
      double[] w = values(model.trainable().copy());
      try (var stepper = model.optimizer(sgd(0, 0, 0, 0), new GradientTerm.Proximal(0.5, anchor))) {
        stepper.zero();
        model.route().lossAndGradient(BATCH);
        stepper.step();
      }
      double[] now = values(model.trainable().copy());
      for (int i = 0; i < w.length; i++) {
        assertThat(now[i]).isCloseTo(w[i] - 0.1 * (g[i] + 0.5 * (w[i] - 3 * w[i])), offset(1e-6));
      }
    });
  }

  @Test
  void gradientsAddUpUntilTheyAreForgotten() {
    model(model -> {
      try (var stepper = model.optimizer(sgd(0, 0, 0, 0))) {
        stepper.zero();
        model.route().lossAndGradient(BATCH);
        model.route().lossAndGradient(BATCH);
        var before = model.trainable().copy();
        double twice = stepper.step();
        model.trainable().load(before);
        stepper.zero();
        model.route().lossAndGradient(BATCH);
        assertThat(twice).isCloseTo(2 * stepper.step(), offset(1e-5));
        stepper.zero();
        assertThat(stepper.step()).isZero();
      }
    });
  }

  @Test
  void aGradientThatIsNotFiniteIsSeen() {
    model(model -> {
      model.trainable().load(model.trainable().copy().scale(Double.POSITIVE_INFINITY));
      try (var stepper = model.optimizer(sgd(0, 0, 1, 0))) {
        stepper.zero();
        model.route().lossAndGradient(BATCH);
        assertThat(Double.isFinite(stepper.step())).isFalse();
      }
      assertThat(model.trainable().copy().isFinite()).isFalse();
    });
  }

  /** A term of weight 0 changes nothing, but makes every row of the word embeddings step. */
  @Test
  void usedRowsAloneStepAsAllRowsWould() {
    var spec = new OptimizerSpec(OptimizerSpec.Kind.ADAMW, 0.01, 0, 0.9, 0.99, 0.1, 0.5, 3);
    Given.on(
        tiny,
        () -> {
          var use = Given.whole(3, new Parameterisation.Everything());
          try (var sparse = tiny.open(use, NodeId.Role.DEVICE, 5);
              var dense = tiny.open(use, NodeId.Role.DEVICE, 5)) {
            var start = sparse.trainable().copy();
            for (int visit = 0; visit < 2; visit++) {
              var all = new GradientTerm.Proximal(0, dense.trainable().copy());
              try (var rows = sparse.optimizer(spec);
                  var every = dense.optimizer(spec, all)) {
                for (int step = 0; step < 6; step++) {
                  rows.zero();
                  every.zero();
                  for (int pass = 0; pass <= step % 2; pass++) {
                    var batch = Given.batch(7 + step + pass, 2, 5, 20 * (step + 1), 3);
                    double loss = sparse.route().lossAndGradient(batch);
                    assertThat(loss).isCloseTo(dense.route().lossAndGradient(batch), offset(1e-5));
                  }
                  assertThat(rows.step()).isCloseTo(every.step(), offset(1e-5));
                  if (visit == 0) {
                    near(sparse.trainable().copy(), dense.trainable().copy(), 1e-6);
                  }
                  if (step == 2) {
                    var now = sparse.trainable().copy().scale(0.5);
                    sparse.trainable().load(now);
                    dense.trainable().load(now);
                  }
                }
              }
              near(sparse.trainable().copy(), dense.trainable().copy(), 5e-5);
            }
            double moved = norm(values(sparse.trainable().minus(start)));
            assertThat(moved / norm(values(start))).isGreaterThan(0.1);
          }
          return true;
        });
  }

  /** By their size. A collected decay rounds otherwise, and Adam makes much of tiny gradients. */
  private static void near(TensorMap found, TensorMap expected, double share) {
    double apart = norm(values(found.minus(expected)));
    assertThat(apart / norm(values(expected))).isLessThan(share);
  }

  @Test
  void closesWithItsModel() {
    Given.on(
        tiny,
        () -> {
          var model =
              tiny.open(Given.whole(3, new Parameterisation.HeadOnly()), NodeId.Role.DEVICE, 5);
          var stepper = model.optimizer(OptimizerSpec.adamw(1e-3));
          model.close();
          assertThatThrownBy(stepper::step).hasMessage("optimizer: closed (expected: open)");
          assertThatThrownBy(() -> model.trainable().copy())
              .hasMessage("model: closed (expected: open)");
          return true;
        });
  }
}
