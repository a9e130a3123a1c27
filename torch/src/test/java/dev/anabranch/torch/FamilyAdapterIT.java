package dev.anabranch.torch;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.Engine;
import dev.anabranch.core.Model;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorMap;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Trained bottlenecks in every family but BERT. */
class FamilyAdapterIT {
  private static final Parameterisation ADAPTER = new Parameterisation.Adapter(5);

  private static Engine engine(String folder) throws Exception {
    return Engines.open(DryFamilyIT.source(folder), DryFamilyIT.task(folder), Precision.FP32, 1);
  }

  private static Model open(Engine engine, Parameterisation how) {
    var use = Given.whole(engine.facts().layers(), how);
    return on(engine, () -> engine.open(use, NodeId.Role.DEVICE, 1));
  }

  private static <T> T on(Engine engine, Callable<T> body) {
    return engine.lanes().run(body, false).value();
  }

  /** Values of the same shapes, none of them zero. */
  private static TensorMap drawn(TensorMap like) {
    var random = Seeds.stream(1, "values");
    var out = TensorMap.room(like.specs());
    for (long at = 0; at < out.data().byteSize(); at += Float.BYTES) {
      out.data().set(JAVA_FLOAT, at, (float) (0.2 * random.nextGaussian()));
    }
    return out;
  }

  private static double loss(Engine engine, Model model, String folder, TensorMap values) {
    return on(
        engine,
        () -> {
          model.trainable().load(values);
          return model.route().loss(DryFamilyIT.batch(folder));
        });
  }

  /** What one step of SGD of rate 1 takes away. */
  private static TensorMap gradient(Engine engine, Model model, String folder, TensorMap start) {
    return on(
        engine,
        () -> {
          model.trainable().load(start);
          try (var sgd = model.optimizer(OptimizerSpec.sgd(1, 0))) {
            model.route().lossAndGradient(DryFamilyIT.batch(folder));
            sgd.step();
            return start.plusScaled(-1, model.trainable().copy());
          }
        });
  }

  /** Some of the values, zeros for the others. */
  private static TensorMap only(TensorMap all, String end) {
    var out = TensorMap.room(all.specs());
    out.data().fill((byte) 0);
    for (var spec : all.specs()) {
      if (spec.name().endsWith(end)) {
        out.get(spec.name()).data().copyFrom(all.get(spec.name()).data());
      }
    }
    return out;
  }

  private static double squared(TensorMap map) {
    double sum = 0;
    for (long at = 0; at < map.data().byteSize(); at += Float.BYTES) {
      double x = map.data().get(JAVA_FLOAT, at);
      sum += x * x;
    }
    return sum;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "gpt2", "roberta", "vit"})
  void gradientIsTheSlopeOfTheLoss(String folder) throws Exception {
    try (var engine = engine(folder);
        var model = open(engine, ADAPTER)) {
      var start = drawn(on(engine, () -> model.trainable().copy()));
      var gradient = gradient(engine, model, folder, start);
      for (var part : List.of("down.weight", "down.bias", "up.weight", "up.bias")) {
        var along = only(gradient, "adapter." + part);
        double slope = squared(along);
        assertThat(slope).as(part).isPositive();
        double step = 0.02 / Math.sqrt(slope);
        double up = loss(engine, model, folder, start.plusScaled(step, along));
        double down = loss(engine, model, folder, start.plusScaled(-step, along));
        assertThat((up - down) / (2 * step)).as(part).isCloseTo(slope, within(0.03 * slope));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "gpt2", "roberta", "vit"})
  void modelStartsAsTheOneWithout(String folder) throws Exception {
    try (var engine = engine(folder);
        var with = open(engine, ADAPTER);
        var without = open(engine, new Parameterisation.Lora(2, 4, List.of("all-linear")))) {
      var batch = DryFamilyIT.batch(folder);
      assertThat(on(engine, () -> with.route().loss(batch)))
          .isCloseTo(on(engine, () -> without.route().loss(batch)), within(1e-6));
    }
  }

  @Test
  void convolutionsHaveNoPlaceForIt() throws Exception {
    try (var engine = engine("resnet-cifar")) {
      assertThatThrownBy(() -> open(engine, ADAPTER))
          .hasMessage(
              "parameterisation: adapter(bottleneck=5) (expected: one that resnet-cifar has a place"
                  + " for)");
    }
  }
}
