package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.GradientSolver;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;

/** Native memory: nothing is left behind, and a watched run sees what it took. */
class MemoryIT {
  private static final long MIB = 1 << 20;

  @Test
  void fiftyVisitsLeaveNothingBehind() {
    try (var engine = Given.miniLm(Precision.AUTO, 1)) {
      var prompt = new SoftPrompt(4, Placing.EMBEDDED);
      var split =
          new ModelUse(
              Partition.uShape(6, 1, 5),
              Map.of("head", prompt, "tail", new Parameterisation.Everything()));
      var lora = Given.whole(6, new Parameterisation.Lora(4, 8, List.of("query", "value")));
      // The least of several readings: what the virtual machine's compiler takes, it gives back.
      long before = Long.MAX_VALUE;
      for (int i = 0; i < 5; i++) {
        visit(engine, split, i);
        whole(engine, lora, i);
        before = i < 2 ? before : Math.min(before, engine.lanes().liveNativeBytes());
      }
      long after = Long.MAX_VALUE;
      for (int i = 0; i < 50; i++) {
        visit(engine, split, i);
        if (i % 5 == 0) {
          whole(engine, lora, i);
        }
        after = i < 45 ? after : Math.min(after, engine.lanes().liveNativeBytes());
      }
      assertThat(after - before).isLessThan(12 * MIB);
    }
  }

  private static void visit(TorchEngine engine, ModelUse use, int seed) {
    var batch = Given.batch(seed, 4, 16, 30_000, 2);
    var lanes = engine.lanes();
    var device = Given.on(engine, () -> engine.open(use, NodeId.Role.DEVICE, seed));
    var body = Given.on(engine, () -> engine.open(use, NodeId.Role.BODY, seed));
    var stepper = Given.on(engine, () -> device.optimizer(OptimizerSpec.adamw(1e-3)));
    for (int step = 0; step < 2; step++) {
      var a1 = lanes.run(() -> device.head().forward(batch), false).value();
      var a2 = lanes.run(() -> body.block("body").forward(a1), false).value();
      var tail =
          Given.on(
              engine,
              () -> {
                stepper.zero();
                return device.tail().lossAndGradient(a1.withValues(a2), batch);
              });
      var g1 = Given.on(engine, () -> body.block("body").backward(a1, tail.gradient()));
      Given.on(
          engine,
          () -> {
            device.head().backward(batch, g1);
            return stepper.step();
          });
      a1.values().close();
      a2.close();
      tail.gradient().close();
      g1.close();
    }
    Given.on(engine, () -> body.block("body").forward(device.head().forward(batch)));
    device.close();
    body.close();
  }

  private static void whole(TorchEngine engine, ModelUse use, int seed) {
    var batch = Given.batch(seed, 4, 16, 30_000, 2);
    var trained =
        Given.on(
            engine,
            () -> {
              try (var model = engine.open(use, NodeId.Role.DEVICE, seed)) {
                var stepper = model.optimizer(OptimizerSpec.adamw(1e-3));
                new GradientSolver(stepper).solve(model.route(), List.of(batch, batch));
                return model.trainable().copy();
              }
            });
    try (var predictor = engine.predictor(use, trained);
        var logits = predictor.logits(batch)) {
      assertThat(logits.isFinite()).isTrue();
    }
    trained.close();
  }

  @Test
  void aWatchedRunSeesItsPeak() {
    try (var engine = Given.miniLm(Precision.FP32, 1)) {
      var batch = Given.batch(1, 8, 64, 30_000, 2);
      var use = Given.whole(6, new Parameterisation.Biases());
      var model = Given.on(engine, () -> engine.open(use, NodeId.Role.DEVICE, 1));
      Given.on(engine, () -> model.route().lossAndGradient(batch));
      // The middle of several readings: the virtual machine's compiler takes and frees memory too.
      long[] trained = new long[7];
      long[] plain = new long[7];
      for (int i = 0; i < trained.length; i++) {
        trained[i] = growth(engine, () -> model.route().lossAndGradient(batch));
        plain[i] = growth(engine, () -> model.route().loss(batch));
      }
      Arrays.sort(trained);
      Arrays.sort(plain);
      // six layers keep their activations: at least q, k, v, context, two sums and the inner map
      assertThat(trained[3]).isGreaterThan(6L * 8 * 64 * (6 * 384 + 1536) * 4);
      assertThat(plain[3]).isLessThan(trained[3] / 4);
      model.close();
    }
  }

  private static long growth(TorchEngine engine, Callable<Double> work) {
    long before = engine.lanes().liveNativeBytes();
    return engine.lanes().run(work, true).peakNativeBytes() - before;
  }
}
