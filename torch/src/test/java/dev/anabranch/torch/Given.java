package dev.anabranch.torch;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import dev.anabranch.torch.internal.Digests;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;

/** Models, batches and uses that the tests share. */
final class Given {
  /** The model of {@code golden/bert}: 3 layers, width 32. */
  static final int TINY_LAYERS = 3;

  private Given() {}

  static Path golden(String path) throws Exception {
    return Path.of(
        Objects.requireNonNull(Given.class.getResource("/golden/" + path), path).toURI());
  }

  static ModelSource tiny() throws Exception {
    var file = golden("bert/model.safetensors");
    return new ModelSource(
        "tiny", file, file.resolveSibling("tokenizer.json"), Digests.sha256(file));
  }

  static ModelSource model(String name) {
    return Models.KINDS.stream()
        .filter(kind -> kind.answersTo(name))
        .findFirst()
        .orElseThrow()
        .make()
        .apply(Settings.read("model." + name, java.util.List.of(), Map.of()));
  }

  static TorchEngine tinyEngine(Pooling pooling, int lanes) throws Exception {
    return TorchEngine.open(tiny(), new TorchEngine.Task(3, 16, pooling), Precision.FP32, lanes);
  }

  static TorchEngine miniLm(Precision precision, int lanes) {
    return TorchEngine.open(
        model("all-minilm-l6-v2"), new TorchEngine.Task(2, 64, Pooling.MEAN), precision, lanes);
  }

  static ModelUse whole(int layers, Parameterisation how) {
    return new ModelUse(Partition.whole(layers, NodeId.Role.DEVICE), Map.of("whole", how));
  }

  /** Random tokens of mixed lengths, the first sample as long as the width. */
  static Batch batch(long seed, int b, int t, int vocabulary, int classes) {
    var random = Seeds.stream(seed, "batch");
    int[] ids = new int[b * t];
    int[] lengths = new int[b];
    int[] labels = new int[b];
    int[] rows = new int[b];
    for (int i = 0; i < b; i++) {
      rows[i] = i;
      lengths[i] = i == 0 ? t : 2 + random.nextInt(t - 1);
      labels[i] = random.nextInt(classes);
      for (int k = 0; k < lengths[i]; k++) {
        ids[i * t + k] = 1 + random.nextInt(vocabulary - 1);
      }
    }
    return new Batch(rows, new Inputs.Tokens(ids, t, lengths, new int[b * t]), labels);
  }

  static <T> T on(TorchEngine engine, Callable<T> body) {
    return engine.lanes().run(body, false).value();
  }
}
