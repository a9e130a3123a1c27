package dev.anabranch.torch;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Settings;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine without values against the real one, in every family but BERT. */
class DryFamilyIT {
  private static final Parameterisation LORA =
      new Parameterisation.Lora(2, 4, List.of("all-linear"));

  static ModelSource source(String folder) throws Exception {
    if (folder.equals("resnet-cifar")) {
      var kind = new ResNetModel().kind();
      return kind.make()
          .apply(
              Settings.read("model", kind.knobs(), Map.of("depth", 8, "channels", 1, "size", 8)));
    }
    return new ModelSource(folder, Given.golden(folder), Given.golden(folder), "0");
  }

  static TorchEngine.Task task(String folder) {
    return switch (folder) {
      case "resnet-cifar" -> new TorchEngine.Task(3, 1, Pooling.MEAN, true);
      case "vit" -> new TorchEngine.Task(3, 1, Pooling.CLS, true);
      case "roberta" -> new TorchEngine.Task(3, 16, Pooling.MEAN);
      default -> new TorchEngine.Task(0, 16, Pooling.NONE);
    };
  }

  static Batch batch(String folder) {
    return switch (folder) {
      case "resnet-cifar" -> images(1, 8);
      case "vit" -> images(3, 16);
      case "roberta" -> Given.batch(1, 4, 9, 40, 3);
      default -> language(Given.batch(1, 4, 9, 40, 3));
    };
  }

  private static Batch images(int channels, int size) {
    var inputs = new Inputs.Images(new float[4 * channels * size * size], channels, size, size);
    return new Batch(new int[] {0, 1, 2, 3}, inputs, new int[] {0, 1, 2, 1});
  }

  /** The token that comes next, where there is one. */
  private static Batch language(Batch batch) {
    var tokens = (Inputs.Tokens) batch.inputs();
    int[] labels = new int[tokens.ids().length];
    for (int i = 0; i < labels.length; i++) {
      boolean more = i % tokens.width() + 1 < tokens.lengths()[i / tokens.width()];
      labels[i] = more ? tokens.ids()[i + 1] : -1;
    }
    return new Batch(batch.rows(), tokens, labels);
  }

  private static List<Parameterisation> parameterisations(String folder) {
    Stream<Parameterisation> some =
        switch (folder) {
          case "resnet-cifar" -> Stream.of(new Parameterisation.HeadOnly());
          case "llama" ->
              Stream.of(LORA, new Parameterisation.Prefix(3), new Parameterisation.Adapter(4));
          default ->
              Stream.of(
                  LORA,
                  new Parameterisation.Biases(),
                  new Parameterisation.Prefix(3),
                  new Parameterisation.Adapter(4),
                  new SoftPrompt(3, SoftPrompt.Placing.EMBEDDED));
        };
    return Stream.concat(
            Stream.of(new Parameterisation.Frozen(), new Parameterisation.Everything()), some)
        .toList();
  }

  private static List<ModelUse> uses(int layers, Parameterisation how) {
    var uses = new ArrayList<ModelUse>();
    uses.add(Given.whole(layers, how));
    boolean deep = layers > 2;
    var cut = Partition.uShape(layers, deep ? 1 : 0, layers - 1);
    uses.add(new ModelUse(cut, Map.of("head", how)));
    if (!(how instanceof SoftPrompt)) {
      uses.add(new ModelUse(cut, Map.of("body", how)));
      uses.add(new ModelUse(cut, Map.of("tail", how)));
    }
    return uses;
  }

  @ParameterizedTest
  @ValueSource(strings = {"llama", "qwen2", "gpt2", "roberta", "vit", "resnet-cifar"})
  void hasTheVariablesAndCountsOfTheRealOne(String folder) throws Exception {
    for (var precision : List.of(Precision.FP32, Precision.BF16)) {
      try (var real = Engines.open(source(folder), task(folder), precision, 1);
          var dry = Engines.dry(source(folder), task(folder), precision)) {
        assertThat(dry.facts()).isEqualTo(real.facts());
        for (var how : parameterisations(folder)) {
          for (var use : uses(real.facts().layers(), how)) {
            assertThat(DryEngineIT.seen(dry, use, batch(folder)))
                .usingRecursiveComparison()
                .as("%s %s", precision, use)
                .isEqualTo(DryEngineIT.seen(real, use, batch(folder)));
          }
        }
      }
    }
  }

  /** What a way past some layers counts, in each segment that is trained. */
  private static List<Long> passing(Engine engine) {
    var out = new ArrayList<Long>();
    var use = Given.whole(engine.facts().layers(), LORA);
    var batch = batch("llama");
    var model = engine.lanes().run(() -> engine.open(use, NodeId.Role.DEVICE, 1), false).value();
    for (int[] way : List.of(new int[] {0, 2}, new int[] {2}, new int[0])) {
      var done = engine.lanes().run(() -> model.route().through(way).lossAndGradient(batch), false);
      out.add(done.macs());
    }
    model.close();
    return out;
  }

  @Test
  void layersThatArePassedByCostNothing() throws Exception {
    try (var real = Engines.open(source("llama"), task("llama"), Precision.FP32, 1);
        var dry = Engines.dry(source("llama"), task("llama"), Precision.FP32)) {
      assertThat(passing(dry)).isEqualTo(passing(real)).doesNotHaveDuplicates();
    }
  }
}
