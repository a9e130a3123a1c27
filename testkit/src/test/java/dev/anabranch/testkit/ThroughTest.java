package dev.anabranch.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Route;
import dev.anabranch.core.TensorSpec;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/** A way through some of a model's layers. */
final class ThroughTest {
  private static final ModelUse LORA =
      new ModelUse(
          Partition.whole(4, NodeId.Role.DEVICE),
          Map.of("whole", new Parameterisation.Lora(2, 4, List.of("query"))));

  private static void on(ToyEngine engine, Consumer<ToyModel> work) {
    engine
        .lanes()
        .run(
            () -> {
              try (var model = engine.open(LORA, NodeId.Role.DEVICE, 3)) {
                work.accept(model);
              }
              return true;
            },
            false);
  }

  @Test
  void allLayersAreTheWholeWay() {
    try (var engine = ToyEngine.small(1)) {
      var batch = engine.shard(5, 1).batch(new int[] {0, 1, 2, 3, 4});
      on(
          engine,
          model ->
              assertThat(model.route().through(0, 1, 2, 3).lossAndGradient(batch))
                  .isEqualTo(model.route().lossAndGradient(batch)));
    }
  }

  @Test
  void layersThatArePassedByGetNoGradientAndNoStep() {
    try (var engine = ToyEngine.small(1)) {
      var batch = engine.shard(5, 1).batch(new int[] {0, 1, 2, 3, 4});
      on(
          engine,
          model -> {
            var stepper = model.optimizer(OptimizerSpec.adamw(0.1));
            step(model, stepper, model.route(), batch);
            var before = model.trainable().copy();
            step(model, stepper, model.route().through(1, 3), batch);
            var after = model.trainable().copy();
            for (var spec : before.specs()) {
              int layer = TensorSpec.layer(spec.name());
              boolean still =
                  java.util.Arrays.equals(
                      before.get(spec.name()).toArray(), after.get(spec.name()).toArray());
              assertThat(still).as(spec.name()).isEqualTo(layer == 0 || layer == 2);
            }
            assertThat(model.trainable().gradientNorm(n -> TensorSpec.layer(n) == 2)).isZero();
            assertThat(model.trainable().gradientNorm(n -> TensorSpec.layer(n) == 3)).isPositive();
          });
    }
  }

  private static void step(
      ToyModel model,
      dev.anabranch.core.Optimizer stepper,
      Route route,
      dev.anabranch.core.Batch batch) {
    stepper.zero();
    route.lossAndGradient(batch);
    stepper.step();
  }

  @Test
  void aLayerThatIsNotThereIsRefused() {
    try (var engine = ToyEngine.small(1)) {
      on(
          engine,
          model -> {
            assertThatThrownBy(() -> model.route().through(1, 4))
                .hasMessage("layers: [1, 4] (expected: ascending, of [0, 1, 2, 3])");
            assertThatThrownBy(() -> model.route().through(2, 1))
                .hasMessage("layers: [2, 1] (expected: ascending, of [0, 1, 2, 3])");
          });
    }
  }
}
