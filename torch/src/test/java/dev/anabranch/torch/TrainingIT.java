package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Whole training runs through the engine's interface. */
class TrainingIT {
  @Test
  void trainsMiniLmsHeadAndTheWholeOfIt() {
    try (var engine = Given.miniLm(Precision.AUTO, 1)) {
      var batch = Given.batch(1, 8, 24, 30_000, 2);
      for (Parameterisation how :
          List.of(new Parameterisation.HeadOnly(), new Parameterisation.Everything())) {
        var use = Given.whole(6, how);
        var trained =
            Given.on(
                engine,
                () -> {
                  try (var model = engine.open(use, NodeId.Role.DEVICE, 7)) {
                    var before = model.trainable().copy();
                    double first = model.route().loss(batch);
                    double rate = how instanceof Parameterisation.HeadOnly ? 1e-1 : 1e-4;
                    try (var stepper = model.optimizer(OptimizerSpec.adamw(rate))) {
                      new GradientSolver(stepper)
                          .solve(model.route(), List.of(batch, batch, batch, batch));
                    }
                    assertThat(model.route().loss(batch)).isLessThan(first);
                    assertThat(model.trainable().minus(before).norm()).isPositive();
                    return model.trainable().copy();
                  }
                });
        try (var predictor = engine.predictor(use, trained)) {
          assertThat(predictor.logits(batch).shape()).containsExactly(8, 2);
        }
      }
    }
  }
}
