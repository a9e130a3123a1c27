package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Frozen layers in bf16, and predictions from many threads. */
class PrecisionIT {
  private static final ModelUse USE =
      new ModelUse(
          new Partition(
              6,
              List.of(
                  new Partition.Segment("head", 0, 1, NodeId.Role.DEVICE),
                  new Partition.Segment("body", 1, 5, NodeId.Role.DEVICE),
                  new Partition.Segment("tail", 5, 6, NodeId.Role.DEVICE))),
          Map.of(
              "head",
              new SoftPrompt(8, Placing.EMBEDDED),
              "tail",
              new Parameterisation.Everything()));

  private static TensorMap gradient(Precision precision) {
    double rate = 1 << 20;
    try (var engine = Given.miniLm(precision, 1)) {
      return Given.on(
          engine,
          () -> {
            try (var model = engine.open(USE, NodeId.Role.DEVICE, 3);
                var stepper = model.optimizer(OptimizerSpec.sgd(rate, 0))) {
              var before = model.trainable().copy();
              stepper.zero();
              model.route().lossAndGradient(Given.batch(4, 8, 20, 30_000, 2));
              stepper.step();
              return model.trainable().minus(before).scale(-1 / rate);
            }
          });
    }
  }

  @Test
  void frozenLayersInBf16GiveNearlyTheSameGradient() {
    var exact = gradient(Precision.FP32);
    var near = gradient(Precision.AUTO);
    assertThat(near.minus(exact).norm()).isLessThan(0.06 * exact.norm());
    var prompt = exact.select("prompt"::equals);
    assertThat(near.select("prompt"::equals).minus(prompt).norm()).isLessThan(0.15 * prompt.norm());
  }

  @Test
  void aPredictorAnswersAnyThreadAlike() throws Exception {
    try (var engine = Given.miniLm(Precision.AUTO, 2)) {
      var batches = IntStream.range(0, 8).mapToObj(i -> Given.batch(i, 4, 12, 30_000, 2)).toList();
      var use = Given.whole(6, new Parameterisation.Lora(4, 8, List.of("query", "value")));
      var trained =
          Given.on(
              engine,
              () -> {
                try (var model = engine.open(use, NodeId.Role.DEVICE, 3)) {
                  return model.trainable().copy();
                }
              });
      try (var predictor = engine.predictor(use, trained);
          var threads = Executors.newVirtualThreadPerTaskExecutor()) {
        var alone = batches.stream().map(predictor::logits).map(Tensor::toArray).toList();
        var together =
            batches.stream()
                .map(batch -> threads.submit(() -> predictor.logits(batch).toArray()))
                .toList();
        for (int i = 0; i < 8; i++) {
          assertThat(together.get(i).get()).isEqualTo(alone.get(i));
        }
        Given.on(
            engine,
            () -> {
              try (var model = engine.open(use, NodeId.Role.DEVICE, 9)) {
                model.trainable().load(trained);
                assertThat(model.route().logits(batches.get(0)).toArray()).isEqualTo(alone.get(0));
              }
              return true;
            });
      }
    }
  }

  @Test
  void frozenBytesAreThoseThatAreNotTrained() {
    try (var engine = Given.miniLm(Precision.FP32, 1)) {
      var whole = Given.whole(6, new Parameterisation.HeadOnly());
      var full = Given.whole(6, new Parameterisation.Everything());
      long all = engine.shapes().pretrained().stream().mapToLong(s -> s.elements()).sum();
      Given.on(
          engine,
          () -> {
            try (var one = engine.open(whole, NodeId.Role.DEVICE, 1);
                var two = engine.open(full, NodeId.Role.DEVICE, 1)) {
              assertThat(one.frozenBytes()).isEqualTo(4 * all);
              assertThat(two.frozenBytes()).isZero();
            }
            return true;
          });
    }
  }
}
