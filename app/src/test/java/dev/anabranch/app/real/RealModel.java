package dev.anabranch.app.real;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Predictor;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.data.Tokenizer;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.PathModel;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.nio.file.Path;
import java.util.Map;

/** A pre-trained language model in fp32, by path, as a plan would name it. Not thread-safe. */
final class RealModel implements AutoCloseable {
  private final Engine engine;
  private final Predictor predictor;
  private final Tokenizer tokenizer;

  RealModel(Path path, int maxTokens) {
    var kind = new PathModel().kind();
    var source =
        kind.make()
            .apply(Settings.read("model.path", kind.knobs(), Map.of("path", path.toString())));
    tokenizer = Tokenizer.open(source.tokenizer());
    engine =
        Engines.open(source, new TorchEngine.Task(2, maxTokens, Pooling.NONE), Precision.FP32, 1);
    var partition = Partition.whole(engine.facts().layers(), NodeId.Role.DEVICE);
    predictor =
        engine.predictor(
            new ModelUse(partition, Map.of("whole", new Parameterisation.Frozen())),
            TensorMap.empty());
  }

  Tokenizer tokenizer() {
    return tokenizer;
  }

  /** [t, v] scores of what comes after each token. */
  Tensor logits(int[] ids) {
    int t = ids.length;
    var inputs = new Inputs.Tokens(ids, t, new int[] {t}, new int[t]);
    var out = predictor.logits(new Batch(new int[1], inputs, new int[t]));
    return out.reshaped(t, out.elements() / t);
  }

  /** The likeliest tokens after some, one by one. */
  int[] greedy(int[] ids, int most, int end) {
    return Sampling.GREEDY
        .generate(predictor, new int[][] {ids}, most, end, Seeds.stream(0, "greedy"))[0];
  }

  @Override
  public void close() {
    predictor.close();
    engine.close();
  }
}
