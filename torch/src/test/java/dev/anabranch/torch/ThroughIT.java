package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Route;
import dev.anabranch.core.TensorSpec;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A way through some layers of a real model: what is passed by costs nothing. */
class ThroughIT {
  private static final Batch BATCH = Given.batch(1, 8, 64, 30_000, 2);

  /** Ways to put something trainable into each layer: by hand, and by autograd. */
  enum Modules {
    LORA(new Parameterisation.Lora(4, 8, List.of("query", "value"))),
    ADAPTER(new Parameterisation.Adapter(8));

    private final ModelUse use;

    Modules(Parameterisation how) {
      use = Given.whole(6, how);
    }
  }

  private record Step(double loss, long macs, long growth) {}

  private static Step step(Engine engine, Model model, int... layers) {
    long live = engine.lanes().liveNativeBytes();
    Lanes.Done<Double> done =
        engine
            .lanes()
            .run(
                () -> {
                  Route route = model.route();
                  return (layers.length == 6 ? route : route.through(layers))
                      .lossAndGradient(BATCH);
                },
                true);
    return new Step(done.value(), done.macs(), done.peakNativeBytes() - live);
  }

  /** The reading in the middle of five: the virtual machine allocates and frees meanwhile. */
  private static Step settled(Engine engine, Model model, int... layers) {
    return IntStream.range(0, 5)
        .mapToObj(i -> step(engine, model, layers))
        .sorted(Comparator.comparingLong(Step::growth))
        .toList()
        .get(2);
  }

  @ParameterizedTest
  @EnumSource
  void macsAndMemoryFallWithTheLayers(Modules modules) {
    try (var engine = Given.miniLm(Precision.FP32, 1);
        var dry =
            DryEngine.open(
                Given.model("all-minilm-l6-v2"),
                new TorchEngine.Task(2, 64, Pooling.MEAN),
                Precision.FP32)) {
      var model = Given.on(engine, () -> engine.open(modules.use, NodeId.Role.DEVICE, 1));
      var plan = dry.lanes().run(() -> dry.open(modules.use, NodeId.Role.DEVICE, 1), false).value();
      step(engine, model, 0, 1, 2, 3, 4, 5); // gradients are there from now on
      step(dry, plan, 0, 1, 2, 3, 4, 5);
      var none = step(engine, model);
      var one = settled(engine, model, 3);
      var three = settled(engine, model, 0, 2, 5);
      var five = settled(engine, model, 0, 1, 2, 3, 4);
      double each = (five.macs() - one.macs()) / 4.0;
      assertThat((three.macs() - one.macs()) / each).isCloseTo(2, within(0.15));
      assertThat(none.macs()).isLessThan((long) (0.1 * each));
      double bytes = (five.growth() - one.growth()) / 4.0;
      assertThat((three.growth() - one.growth()) / bytes).isCloseTo(2, within(0.4));
      for (int[] layers : new int[][] {{}, {3}, {0, 2, 5}, {0, 1, 2, 3, 4}}) {
        assertThat(step(dry, plan, layers).macs()).isEqualTo(step(engine, model, layers).macs());
      }
      assertThat((double) step(dry, plan, 0, 2, 5).growth())
          .isCloseTo((double) three.growth(), within(0.1 * three.growth()));
      model.close();
    }
  }

  @Test
  void allLayersAreTheWholeWayToTheBit() {
    try (var engine = Given.miniLm(Precision.AUTO, 1)) {
      var model = Given.on(engine, () -> engine.open(Modules.LORA.use, NodeId.Role.DEVICE, 1));
      double whole = Given.on(engine, () -> model.route().lossAndGradient(BATCH));
      double through =
          Given.on(engine, () -> model.route().through(0, 1, 2, 3, 4, 5).lossAndGradient(BATCH));
      assertThat(through).isEqualTo(whole);
      assertThatThrownBy(() -> Given.on(engine, () -> model.route().through(6)))
          .hasMessage("layers: [6] (expected: ascending, of [0, 1, 2, 3, 4, 5])");
      model.close();
    }
  }

  @Test
  void layersThatArePassedByStayAsTheyAre() {
    try (var engine = Given.miniLm(Precision.FP32, 1)) {
      var model = Given.on(engine, () -> engine.open(Modules.LORA.use, NodeId.Role.DEVICE, 1));
      Given.on(
          engine,
          () -> {
            var stepper = model.optimizer(OptimizerSpec.adamw(1e-2));
            stepper.zero();
            model.route().lossAndGradient(BATCH);
            stepper.step();
            var before = model.trainable().copy();
            stepper.zero();
            model.route().through(1, 4).lossAndGradient(BATCH);
            assertThat(model.trainable().gradientNorm(n -> TensorSpec.layer(n) == 1)).isPositive();
            assertThat(model.trainable().gradientNorm(n -> TensorSpec.layer(n) == 2)).isZero();
            stepper.step();
            var after = model.trainable().copy();
            for (var spec : before.specs()) {
              int layer = TensorSpec.layer(spec.name());
              assertThat(
                      Arrays.equals(
                          before.get(spec.name()).toArray(), after.get(spec.name()).toArray()))
                  .as(spec.name())
                  .isEqualTo(layer >= 0 && layer != 1 && layer != 4);
            }
            return true;
          });
      model.close();
    }
  }
}
