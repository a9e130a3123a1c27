package dev.anabranch.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelFacts;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt.Placing;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.torch.files.Pretrained;
import dev.anabranch.torch.files.SafeTensors;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * Image families: the vision transformer against what transformers computed ({@code
 * golden/make.py}), the residual network against plain loops in double, both cut anywhere against
 * the whole.
 */
class ImageFamiliesIT {
  private final LaneThreads lanes = new LaneThreads(1);

  @AfterEach
  void stop() {
    lanes.close();
  }

  private void on(Runnable work) {
    lanes.run(
        () -> {
          try (var scope = new PointerScope()) {
            work.run();
          }
          return true;
        },
        false);
  }

  private static ResNet resNet(int depth, int size, int classes) {
    return ResNet.of(new ConfigMap("plan", Map.of("depth", depth, "image_size", size)), classes);
  }

  private static FamilyWeights none() {
    return new FamilyWeights(GivenConfig.open("plan", Path.of(""), Map.of()), false);
  }

  private static ModelFacts facts(Family family) {
    return new ModelFacts(
        family.name(), family.layers(), family.width(), family.classes(), 1, Pooling.MEAN, "");
  }

  private static FamilyModel model(
      Family family, FamilyWeights weights, Partition partition, Parameterisation how, long seed) {
    var trained = new HashMap<String, Parameterisation>();
    partition.segments().forEach(segment -> trained.put(segment.name(), how));
    var use = new ModelUse(partition, trained);
    return new FamilyModel(facts(family), family, weights, use, partition.segments(), seed);
  }

  private static FamilyModel whole(Family family, FamilyWeights weights, Parameterisation how) {
    return model(family, weights, Partition.whole(family.layers(), Role.DEVICE), how, 7);
  }

  private static final Parameterisation ALL = new Parameterisation.Everything();

  private static Batch batch(long seed, int b, int channels, int size, int classes) {
    var random = Seeds.stream(seed, "batch");
    float[] values = new float[b * channels * size * size];
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    int[] rows = new int[b];
    int[] labels = new int[b];
    for (int i = 0; i < b; i++) {
      rows[i] = i;
      labels[i] = random.nextInt(classes);
    }
    return new Batch(rows, new Inputs.Images(values, channels, size, size), labels);
  }

  private static Variables variables(FamilyModel model) {
    return (Variables) model.trainable();
  }

  private static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(ImageFamiliesIT.class.getResource("/golden/" + name)).toURI());
    } catch (java.net.URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  private static Family vit(int classes) {
    try (var stored = Pretrained.open(golden("vit"))) {
      return Vit.of(new ConfigMap(stored.name(), stored.config()), classes);
    }
  }

  /** From the names that transformers has in memory to those of its checkpoints. */
  private static String stored(String name) {
    return name.replace("vit.layers.", "vit.encoder.layer.")
        .replace("attention.q_proj", "attention.attention.query")
        .replace("attention.k_proj", "attention.attention.key")
        .replace("attention.v_proj", "attention.attention.value")
        .replace("attention.o_proj", "attention.output.dense")
        .replace("mlp.fc1", "intermediate.dense")
        .replace("mlp.fc2", "output.dense");
  }

  @Test
  void vit_equalsTransformers() throws Exception {
    try (var expected = SafeTensors.open(golden("vit/expected.safetensors"));
        var weights = new FamilyWeights(Pretrained.open(golden("vit")), false)) {
      on(() -> {
        var family = vit(5);
        weights.require(family);
        var batch = golden(Views.all(expected));
        try (var model = whole(family, weights, ALL);
            var logits = model.route().logits(batch)) {
          near("logits", logits.toArray(), Views.of(expected, "out.logits"));
          double loss = model.route().lossAndGradient(batch);
          near("loss", new float[] {(float) loss}, Views.of(expected, "out.loss"));
          int gradients = 0;
          for (var name : expected.tensors().keySet()) {
            if (name.startsWith("out.grad.")) {
              var own = stored(name.substring("out.grad.".length()));
              float[] found = Tensors.floats(variables(model).gradient(own));
              near(own, found, Views.of(expected, name));
              gradients++;
            }
          }
          assertThat(gradients).isEqualTo(variables(model).specs().size());
        }
      });
    }
  }

  private static Batch golden(Map<String, Tensor> expected) {
    float[] pixels = Tensors.floats(Objects.requireNonNull(expected.get("in.pixel_values")));
    long[] labels =
        Tensors.memory(Objects.requireNonNull(expected.get("in.labels")))
            .toArray(ValueLayout.JAVA_LONG_UNALIGNED);
    return new Batch(
        new int[] {0, 1},
        new Inputs.Images(pixels, 3, 16, 16),
        new int[] {(int) labels[0], (int) labels[1]});
  }

  private static void near(String what, float[] found, Tensor expected) {
    float[] wanted = Tensors.floats(expected);
    assertThat(found).as(what).hasSameSizeAs(wanted).containsExactly(wanted, within(1e-4f));
  }

  @Test
  void vit_takesLowRankUpdatesPrefixesAndPrompts() {
    try (var weights = new FamilyWeights(Pretrained.open(golden("vit")), false)) {
      on(() -> {
        var family = vit(3);
        var batch = batch(3, 2, 3, 16, 3);
        for (var how :
            List.of(
                new Parameterisation.Lora(2, 4, List.of("query", "value")),
                new Parameterisation.Prefix(2),
                new Parameterisation.SoftPrompt(2, Placing.EMBEDDED),
                new Parameterisation.Biases())) {
          try (var model = whole(family, weights, how)) {
            double before = model.route().lossAndGradient(batch);
            try (var sgd = model.optimizer(OptimizerSpec.sgd(0.05, 0))) {
              sgd.step();
            }
            assertThat(model.route().loss(batch)).as(how.name()).isLessThan(before);
            assertThat(variables(model).specs())
                .extracting(TensorSpec::name)
                .contains("classifier.weight");
          }
        }
        var words = new Parameterisation.SoftPrompt(2, Placing.WORDS);
        assertThatThrownBy(() -> whole(family, weights, words))
            .hasMessage(
                "parameterisation: prompt(num_virtual_tokens=2) (expected: one that vit has a"
                    + " place for)");
      });
    }
  }

  @Test
  void everyCut_givesWhatTheWholeGives() {
    try (var weights = none();
        var stored = new FamilyWeights(Pretrained.open(golden("vit")), false)) {
      on(() -> {
        cuts(resNet(8, 8, 4), weights, batch(1, 4, 3, 8, 4));
        var family = vit(4);
        cuts(family, stored, batch(2, 3, 3, 16, 4));
      });
    }
  }

  private static void cuts(Family family, FamilyWeights weights, Batch batch) {
    try (var whole = whole(family, weights, ALL);
        var initial = whole.trainable().copy()) {
      double loss = whole.route().lossAndGradient(batch);
      try (var after = whole.trainable().copy()) {
        for (int one = 0; one < family.layers(); one++) {
          for (int two = one + 1; two <= family.layers(); two++) {
            var partition = Partition.uShape(family.layers(), one, two);
            try (var model = model(family, weights, partition, ALL, 7)) {
              model.trainable().load(initial);
              var head = model.head().forward(batch);
              var below = model.block("body");
              var crossing = head.withValues(below.forward(head));
              var tail = model.tail().lossAndGradient(crossing, batch);
              assertThat(tail.loss()).isCloseTo(loss, within(1e-6));
              model.head().backward(batch, below.backward(head, tail.gradient()));
              same(model, whole);
              try (var now = model.trainable().copy()) { // batch norms have moved alike
                for (var spec : now.specs()) {
                  assertThat(now.get(spec.name()).toArray())
                      .containsExactly(after.get(spec.name()).toArray(), within(1e-6f));
                }
              }
            }
          }
        }
      }
    }
  }

  private static void same(FamilyModel one, FamilyModel two) {
    for (var spec : variables(two).specs()) {
      Tensor wanted = variables(two).gradient(spec.name());
      Tensor found = variables(one).gradient(spec.name());
      assertThat(found.defined()).as(spec.name()).isEqualTo(wanted.defined());
      if (wanted.defined()) {
        assertThat(Tensors.floats(found))
            .as(spec.name())
            .containsExactly(Tensors.floats(wanted), within(1e-6f));
      }
    }
  }

  @Test
  void resNet_equalsPlainLoops() {
    var family = resNet(14, 8, 5);
    var batch = batch(5, 3, 3, 8, 5);
    try (var weights = none()) {
      on(() -> {
        try (var model = whole(family, weights, ALL)) {
          var reference = new PlainResNet(variables(model), 2);
          float[] calm = model.route().logits(batch).toArray();
          assertThat(calm).containsExactly(reference.logits(batch, false), within(2e-5f));
          double loss = model.route().lossAndGradient(batch); // moves the batch norms
          float[] moving = reference.logits(batch, true);
          assertThat(loss).isCloseTo(PlainResNet.loss(moving, batch.labels()), within(2e-5));
          for (var name : List.of("bn1", "layer2.0.bn1", "layer3.1.bn2")) {
            for (var part : List.of(".running_mean", ".running_var")) {
              assertThat(Tensors.floats(variables(model).get(name + part)))
                  .as(name + part)
                  .containsExactly(reference.moved(name + part), within(2e-5f));
            }
          }
          finiteDifferences(model, batch);
        }
      });
    }
  }

  private static void finiteDifferences(FamilyModel model, Batch batch) {
    for (var name : List.of("conv1.weight", "layer2.0.bn2.weight", "layer3.0.conv1.weight")) {
      float[] gradient = Tensors.floats(variables(model).gradient(name));
      var memory = Tensors.memory(variables(model).get(name));
      int steepest = 0;
      for (int i = 0; i < gradient.length; i++) {
        steepest = Math.abs(gradient[i]) > Math.abs(gradient[steepest]) ? i : steepest;
      }
      float value = memory.getAtIndex(ValueLayout.JAVA_FLOAT, steepest);
      float step = 2e-3f;
      double[] loss = new double[2];
      for (int side = 0; side < 2; side++) {
        memory.setAtIndex(ValueLayout.JAVA_FLOAT, steepest, value + (side == 0 ? step : -step));
        loss[side] =
            PlainResNet.loss(
                new PlainResNet(variables(model), 2).logits(batch, true), batch.labels());
      }
      memory.setAtIndex(ValueLayout.JAVA_FLOAT, steepest, value);
      double slope = (loss[0] - loss[1]) / (2 * step);
      assertThat((double) gradient[steepest])
          .as(name)
          .isCloseTo(slope, within(0.02 * Math.abs(slope)));
    }
  }

  @Test
  void multiplyAccumulates_areThoseOfAHandCount() {
    // stem 32² · 16 · 27; stage 1: 6 · 32² · 16 · 144; stages 2 and 3: the first convolution of
    // each makes a quarter of the pixels from half the channels, the other five are all alike
    long stem = 1024L * 16 * 27;
    long stage = 6 * 1024L * 16 * 144;
    long later = 256L * 32 * 144 + 5 * 256L * 32 * 288;
    long forward = stem + stage + 2 * later + 64 * 10;
    assertThat(forward).isEqualTo(40_551_040); // the paper's 40.6 million
    try (var weights = none()) {
      var family = resNet(20, 32, 10);
      var batch = batch(1, 2, 3, 32, 10);
      on(() -> {
        try (var model = whole(family, weights, ALL)) {
          model.route().logits(batch).close();
          assertThat(Meter.here().macs()).isEqualTo(2 * forward);
          model.route().lossAndGradient(batch);
          // no gradient of the image
          assertThat(Meter.here().macs() - 2 * forward).isEqualTo(2 * (3 * forward - stem));
          long parameters =
              variables(model).specs().stream()
                  .filter(spec -> !spec.name().contains(".running_"))
                  .mapToLong(TensorSpec::elements)
                  .sum();
          assertThat(parameters).isEqualTo(269_722); // as published
        }
      });
    }
  }

  @Test
  void scratch_isDrawnBySeedAlone() {
    var family = resNet(8, 8, 4);
    try (var weights = none()) {
      on(() -> {
        var partition = Partition.whole(3, Role.DEVICE);
        try (var one = model(family, weights, partition, ALL, 7).trainable().copy();
            var same = model(family, weights, partition, ALL, 7).trainable().copy();
            var other = model(family, weights, partition, ALL, 8).trainable().copy();
            var cut =
                model(family, weights, Partition.uShape(3, 1, 2), ALL, 7).trainable().copy()) {
          assertThat(one.get("layer2.0.conv1.weight").toArray())
              .isEqualTo(same.get("layer2.0.conv1.weight").toArray())
              .isEqualTo(cut.get("layer2.0.conv1.weight").toArray())
              .isNotEqualTo(other.get("layer2.0.conv1.weight").toArray());
          double square = 0;
          for (float v : one.get("layer3.0.conv2.weight").toArray()) {
            square += v * (double) v;
          }
          assertThat(square / (64 * 64 * 9)).isCloseTo(2.0 / (64 * 9), within(1e-4));
          assertThat(one.get("bn1.running_mean").toArray()).containsOnly(0);
          assertThat(one.get("bn1.running_var").toArray()).containsOnly(1);
          assertThat(one.get("bn1.weight").toArray()).containsOnly(1);
        }
        try (var frozen = whole(family, weights, new Parameterisation.HeadOnly());
            var again = whole(family, weights, new Parameterisation.HeadOnly())) {
          var batch = batch(1, 2, 3, 8, 4);
          assertThat(frozen.route().logits(batch).toArray())
              .isEqualTo(again.route().logits(batch).toArray());
          assertThat(frozen.frozenBytes()).isGreaterThan(4L * 70_000);
        }
      });
    }
  }

  @Test
  void runningStatistics_moveInTrainingAlone() {
    var family = resNet(8, 8, 4);
    var batch = batch(1, 4, 3, 8, 4);
    try (var weights = none()) {
      on(() -> {
        try (var model = whole(family, weights, ALL);
            var before = model.trainable().copy()) {
          assertThat(names(before))
              .contains("bn1.running_mean", "layer1.0.bn2.running_var")
              .noneMatch(name -> name.contains("num_batches"));
          model.route().logits(batch).close();
          model.route().loss(batch);
          model.score(batch);
          assertThat(model.trainable().copy().sha256()).isEqualTo(before.sha256());
          model.route().lossAndGradient(batch);
          try (var sgd = model.optimizer(OptimizerSpec.sgd(0, 0))) {
            sgd.step();
          }
          try (var moved = model.trainable().minus(before)) {
            for (var name : names(moved)) {
              boolean still = allZero(moved.get(name).toArray());
              assertThat(still).as(name).isEqualTo(!name.contains(".running_"));
            }
          }
        }
      });
    }
  }

  private static List<String> names(TensorMap map) {
    return map.specs().stream().map(TensorSpec::name).toList();
  }

  private static boolean allZero(float[] values) {
    for (float v : values) {
      if (v != 0) {
        return false;
      }
    }
    return true;
  }

  @Test
  void recalibration_takesTheMeanOverItsBatches() {
    var family = resNet(8, 8, 4);
    var batches = List.of(batch(1, 4, 3, 8, 4), batch(2, 4, 3, 8, 4), batch(3, 4, 3, 8, 4));
    try (var weights = none()) {
      on(() -> {
        try (var model = whole(family, weights, ALL)) {
          model.route().lossAndGradient(batch(9, 4, 3, 8, 4)); // what was there is forgotten
          model.recalibrate(batches);
          // the first norm sees the same in every pass, so its mean is that over the batches
          var sums = new ArrayList<float[]>();
          for (var batch : batches) {
            model.recalibrate(List.of(batch));
            sums.add(Tensors.floats(variables(model).get("bn1.running_mean")));
          }
          model.recalibrate(batches);
          float[] mean = Tensors.floats(variables(model).get("bn1.running_mean"));
          for (int c = 0; c < mean.length; c++) {
            float expected = 0;
            for (var one : sums) {
              expected += one[c] / 3;
            }
            assertThat(mean[c]).isCloseTo(expected, within(1e-6f));
          }
          // over one batch, scoring it then equals training on it up to n / (n - 1)
          model.recalibrate(List.of(batches.get(0)));
          double scored = model.route().loss(batches.get(0));
          double trained = model.route().lossAndGradient(batches.get(0));
          assertThat(scored).isCloseTo(trained, within(0.05 * trained));
        }
        try (var head = whole(family, weights, new Parameterisation.HeadOnly());
            var before = head.trainable().copy()) {
          head.recalibrate(batches);
          assertThat(head.trainable().copy().sha256()).isEqualTo(before.sha256());
        }
      });
    }
  }

  @Test
  void whatDoesNotFit_isRefused() {
    assertThatThrownBy(() -> resNet(21, 32, 10))
        .isInstanceOf(AnabranchException.class)
        .hasMessage("plan: depth: 21 (expected: 6 n + 2, such as 20, 32, 44, 56 or 110)");
    try (var weights = none()) {
      on(() -> {
        try (var model = whole(resNet(8, 8, 4), weights, ALL)) {
          assertThatThrownBy(() -> model.route().logits(batch(1, 2, 1, 28, 4)))
              .isInstanceOf(AnabranchException.class)
              .hasMessage(
                  "images: 1 × 28 × 28 (expected: 3 × 8 × 8, which is what the model reads)");
          assertThatThrownBy(() -> model.route().through(0, 2))
              .isInstanceOf(AnabranchException.class)
              .hasMessage(
                  "model: resnet-cifar (expected: one whose layers have one shape, for the method"
                      + " passes some of them by)");
        }
        var lora = new Parameterisation.Lora(2, 4, List.of("query"));
        assertThatThrownBy(() -> whole(resNet(8, 8, 4), weights, lora))
            .isInstanceOf(AnabranchException.class)
            .hasMessageStartingWith("parameterisation: lora(")
            .hasMessageEndingWith("(expected: one that resnet-cifar has a place for)");
      });
    }
    try (var weights = new FamilyWeights(Pretrained.open(golden("vit")), false)) {
      assertThatThrownBy(() -> weights.require(resNet(8, 8, 4)))
          .isInstanceOf(AnabranchException.class)
          .hasMessage("vit: tensor 'conv1.weight': missing (expected: [16, 3, 3, 3])");
    }
  }
}
