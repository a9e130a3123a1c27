package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Batch;
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
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Head, body and tail are the whole model, forward and backward. */
class SplitIT {
  private static final double RATE = 1 << 20;
  private static TorchEngine tiny;

  @BeforeAll
  static void open() throws Exception {
    tiny = Given.tinyEngine(Pooling.MEAN, 1);
  }

  @AfterAll
  static void close() {
    tiny.close();
  }

  private static final Parameterisation ALL = new Parameterisation.Everything();

  private static ModelUse use(
      int layers,
      int cut1,
      int cut2,
      Parameterisation head,
      Parameterisation body,
      Parameterisation tail) {
    return new ModelUse(
        Partition.uShape(layers, cut1, cut2), Map.of("head", head, "body", body, "tail", tail));
  }

  static Stream<Arguments> cuts() {
    var out = new ArrayList<Arguments>();
    for (int cut1 = 0; cut1 < Given.TINY_LAYERS; cut1++) {
      for (int cut2 = cut1 + 1; cut2 <= Given.TINY_LAYERS; cut2++) {
        out.add(Arguments.of(cut1, cut2));
      }
    }
    return out.stream();
  }

  /**
   * The gradient in all variables: a step of plain SGD subtracts it. At so high a rate that the
   * variables themselves are lost in rounding, not the gradient.
   */
  private static TensorMap gradient(Model model, Runnable backward) {
    var before = model.trainable().copy();
    try (var stepper = model.optimizer(OptimizerSpec.sgd(RATE, 0))) {
      stepper.zero();
      backward.run();
      stepper.step();
    }
    var minus = model.trainable().minus(before).scale(-1 / RATE);
    model.trainable().load(before);
    return minus;
  }

  private static double split(Model device, Model body, Batch batch) {
    var a1 = device.head().forward(batch);
    var a2 = body.block("body").forward(a1);
    var tail = device.tail().lossAndGradient(a1.withValues(a2), batch);
    var g1 = body.block("body").backward(a1, tail.gradient());
    device.head().backward(batch, g1);
    return tail.loss();
  }

  private static void compare(TorchEngine engine, ModelUse use, Batch batch, double tolerance) {
    Given.on(
        engine,
        () -> {
          var mono =
              new ModelUse(
                  new Partition(
                      use.partition().layers(),
                      use.partition().segments().stream()
                          .map(s ->
                              new Partition.Segment(
                                  s.name(), s.from(), s.until(), NodeId.Role.DEVICE))
                          .toList()),
                  use.trained());
          try (var whole = engine.open(mono, NodeId.Role.DEVICE, 3);
              var device = engine.open(use, NodeId.Role.DEVICE, 3);
              var body = engine.open(use, NodeId.Role.BODY, 3)) {
            double[] loss = new double[2];
            var expected = gradient(whole, () -> loss[0] = whole.route().lossAndGradient(batch));
            var bodyGradient = new ArrayList<TensorMap>();
            var found =
                gradient(
                    device,
                    () ->
                        bodyGradient.add(
                            gradient(body, () -> loss[1] = split(device, body, batch))));
            var together = found.and(bodyGradient.get(0));
            assertThat(loss[1]).isCloseTo(loss[0], org.assertj.core.data.Offset.offset(1e-6));
            for (var spec : expected.specs()) {
              var one = TensorMap.of(Map.of("x", expected.get(spec.name())));
              var two = TensorMap.of(Map.of("x", together.get(spec.name())));
              assertThat(two.minus(one).norm())
                  .as(spec.name())
                  .isLessThanOrEqualTo(tolerance * Math.max(expected.norm() * 1e-2, one.norm()));
            }
            assertThat(expected.norm()).isPositive();
          }
          return true;
        });
  }

  @ParameterizedTest
  @MethodSource("cuts")
  void everythingTrainedAtEveryCut(int cut1, int cut2) {
    compare(tiny, use(3, cut1, cut2, ALL, ALL, ALL), Given.batch(5, 4, 9, 128, 3), 1e-6);
  }

  @ParameterizedTest
  @MethodSource("cuts")
  void promptAndTailAtEveryCut(int cut1, int cut2) {
    var prompt = new SoftPrompt(3, Placing.EMBEDDED);
    var frozen = new Parameterisation.Frozen();
    compare(tiny, use(3, cut1, cut2, prompt, frozen, ALL), Given.batch(6, 4, 9, 128, 3), 1e-6);
    compare(
        tiny,
        use(3, cut1, cut2, prompt, frozen, new Parameterisation.HeadOnly()),
        Given.batch(6, 4, 9, 128, 3),
        1e-6);
  }

  @Test
  void promptAndTailOfMiniLm() {
    try (var engine = Given.miniLm(Precision.FP32, 1)) {
      var prompt = new SoftPrompt(10, Placing.EMBEDDED);
      var frozen = new Parameterisation.Frozen();
      compare(engine, use(6, 1, 5, prompt, frozen, ALL), Given.batch(7, 4, 16, 30_000, 2), 1e-6);
    }
  }

  @Test
  void aBlockRecomputesForAnotherInput() {
    var use = use(3, 1, 2, new SoftPrompt(2, Placing.EMBEDDED), ALL, ALL);
    Given.on(
        tiny,
        () -> {
          try (var device = tiny.open(use, NodeId.Role.DEVICE, 3);
              var body = tiny.open(use, NodeId.Role.BODY, 3)) {
            var one = device.head().forward(Given.batch(1, 2, 6, 128, 3));
            var two = device.head().forward(Given.batch(2, 2, 6, 128, 3));
            var block = body.block("body");
            assertThat(body.block("body")).isSameAs(block);
            block.forward(one);
            float[] direct = block.backward(one, two.values()).toArray();
            block.forward(one);
            block.forward(two);
            assertThat(block.backward(one, two.values()).toArray()).isEqualTo(direct);
            assertThat(block.backward(one, two.values()).toArray()).isEqualTo(direct);
          }
          return true;
        });
  }

  @Test
  void aTailAboveNothingTrainedHasNoGradientToGive() {
    var frozen = new Parameterisation.Frozen();
    var use = use(3, 1, 2, frozen, frozen, ALL);
    Given.on(
        tiny,
        () -> {
          try (var device = tiny.open(use, NodeId.Role.DEVICE, 3)) {
            var batch = Given.batch(1, 2, 6, 128, 3);
            var hidden = device.head().forward(batch);
            var result = device.tail().lossAndGradient(hidden, batch);
            assertThat(result.gradient().shape()).containsExactly(0, 6, 32);
          }
          return true;
        });
  }

  @Test
  void theShortcutSkipsTheBody() {
    var use = use(3, 1, 2, new SoftPrompt(2, Placing.EMBEDDED), new Parameterisation.Frozen(), ALL);
    Given.on(
        tiny,
        () -> {
          try (var device = tiny.open(use, NodeId.Role.DEVICE, 3)) {
            var batch = Given.batch(1, 4, 6, 128, 3);
            double shortcut = device.route("head", "tail").lossAndGradient(batch);
            var hidden = device.head().forward(batch);
            assertThat(device.tail().lossAndGradient(hidden, batch).loss())
                .isCloseTo(shortcut, org.assertj.core.data.Offset.offset(1e-6));
            assertThat(List.of(device.route().loss(batch)).get(0))
                .isCloseTo(shortcut, org.assertj.core.data.Offset.offset(1e-6));
          }
          return true;
        });
  }
}
