package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The engine without values against the real one: variables, counts, memory. */
class DryEngineIT {
  private static final List<String> ALL =
      List.of(
          "query", "key", "value", "attention.output.dense", "intermediate.dense", "output.dense");

  static Stream<Parameterisation> parameterisations() {
    return Stream.of(
        new Parameterisation.Frozen(),
        new Parameterisation.Everything(),
        new Parameterisation.HeadOnly(),
        new Parameterisation.Biases(),
        new Parameterisation.Lora(4, 8, List.of("query", "value")),
        new Parameterisation.Lora(4, 8, ALL),
        new Parameterisation.Adapter(4),
        new Parameterisation.Prefix(3),
        new SoftPrompt(3, Placing.WORDS),
        new SoftPrompt(3, Placing.EMBEDDED));
  }

  /** Everything that can be seen of an engine's work with one use. */
  static List<Object> seen(Engine engine, ModelUse use, Batch batch) {
    var out = new ArrayList<Object>();
    var device = on(engine, () -> engine.open(use, NodeId.Role.DEVICE, 1)).value();
    look(engine, device, out);
    if (use.partition().segments().size() == 1) {
      out.add(on(engine, () -> device.route().loss(batch)).macs());
      out.add(on(engine, () -> device.route().lossAndGradient(batch)).macs());
      out.add(on(engine, () -> device.route().logits(batch).shape()).value());
    } else {
      split(engine, device, use, batch, out);
    }
    device.close();
    return out;
  }

  private static void split(
      Engine engine, Model device, ModelUse use, Batch batch, List<Object> out) {
    var body = on(engine, () -> engine.open(use, NodeId.Role.BODY, 1)).value();
    look(engine, body, out);
    if (batch.inputs() instanceof Inputs.Tokens) { // layers of other models may not be passed by
      out.add(on(engine, () -> device.route("head", "tail").lossAndGradient(batch)).macs());
    }
    var sent = on(engine, () -> device.head().forward(batch));
    out.add(List.of(sent.macs(), sent.value().values().size(1)));
    Hidden in = sent.value();
    var answer = on(engine, () -> body.block("body").forward(in));
    out.add(List.of(answer.macs(), answer.value().size(1)));
    Hidden middle = in.withValues(answer.value());
    var tail = on(engine, () -> device.tail().lossAndGradient(middle, batch));
    out.add(List.of(tail.macs(), tail.value().gradient().size(0)));
    var back = on(engine, () -> body.block("body").backward(in, answer.value()));
    out.add(back.macs());
    out.add(on(engine, () -> ran(() -> device.head().backward(batch, back.value()))).macs());
    body.close();
  }

  private static boolean ran(Runnable work) {
    work.run();
    return true;
  }

  private static void look(Engine engine, Model model, List<Object> out) {
    out.add(model.trainable().specs());
    out.add(model.frozenBytes());
    out.add(on(engine, () -> model.trainable().copy().specs()).value());
  }

  private static <T> Lanes.Done<T> on(Engine engine, Callable<T> body) {
    return engine.lanes().run(body, false);
  }

  private static List<ModelUse> uses(Parameterisation how) {
    var uses = new ArrayList<ModelUse>();
    uses.add(Given.whole(Given.TINY_LAYERS, how));
    var cut = Partition.uShape(Given.TINY_LAYERS, 1, 2);
    uses.add(new ModelUse(cut, Map.of("head", how)));
    if (!(how instanceof SoftPrompt)) {
      uses.add(new ModelUse(cut, Map.of("body", how)));
      uses.add(new ModelUse(cut, Map.of("tail", how)));
    }
    return uses;
  }

  @ParameterizedTest
  @MethodSource("parameterisations")
  void hasTheVariablesAndCountsOfTheRealOne(Parameterisation how) throws Exception {
    for (var precision : List.of(Precision.FP32, Precision.BF16)) {
      var task = new TorchEngine.Task(3, 13, Pooling.MEAN);
      try (var real = TorchEngine.open(Given.tiny(), task, precision, 1);
          var dry = DryEngine.open(Given.tiny(), task, precision)) {
        assertThat(dry.facts()).isEqualTo(real.facts());
        var batch = Given.batch(1, 4, 9, 40, 3);
        for (var use : uses(how)) {
          assertThat(seen(dry, use, batch))
              .usingRecursiveComparison()
              .as("%s %s", precision, use)
              .isEqualTo(seen(real, use, batch));
        }
      }
    }
  }

  /** Growth of two training steps on a warmed model, as a fabric would measure it. */
  private static long growth(Engine engine, ModelUse use) {
    var batch = Given.batch(1, 16, 64, 30_000, 2);
    long[] readings = new long[4];
    for (int i = 0; i < readings.length; i++) {
      long before = engine.lanes().liveNativeBytes();
      var done =
          engine
              .lanes()
              .run(
                  () -> {
                    try (var model = engine.open(use, NodeId.Role.DEVICE, 1);
                        var stepper = model.optimizer(OptimizerSpec.adamw(1e-4))) {
                      for (int step = 0; step < 2; step++) {
                        stepper.zero();
                        model.route().lossAndGradient(batch);
                        stepper.step();
                      }
                      return true;
                    }
                  },
                  true);
      readings[i] = done.peakNativeBytes() - before;
    }
    // The first warms up; memory that others forgot may be freed during one of the rest.
    Arrays.sort(readings, 1, readings.length);
    return readings[2];
  }

  static Stream<Parameterisation> heavy() {
    return parameterisations().filter(how -> !(how instanceof Parameterisation.Frozen));
  }

  @ParameterizedTest
  @MethodSource("heavy")
  void holdsWhatTheRealOneHolds(Parameterisation how) {
    var task = new TorchEngine.Task(2, 64, Pooling.MEAN);
    var source = Given.model("all-minilm-l6-v2");
    try (var real = TorchEngine.open(source, task, Precision.AUTO, 1);
        var dry = DryEngine.open(source, task, Precision.AUTO)) {
      var use = Given.whole(6, how);
      double expected = growth(real, use);
      double told = growth(dry, use);
      // a tenth, and the few MB that the JVM itself allocates meanwhile
      assertThat(told).isCloseTo(expected, within(0.1 * expected + 6e6));
    }
  }
}
