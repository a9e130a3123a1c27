package dev.anabranch.benchmarks;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Engine;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Sampling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.GemmPeak;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.PathModel;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/**
 * A decoder of the shape of SmolLM2-135M with random weights, or the model whose path the property
 * {@code bench.model} gives: greedy decoding with kept keys and values, and a LoRA step of 4 texts
 * of 128 tokens; on one lane, and on all of them at once. Beside it what the machine could do at
 * best: reading all weights for each token, and a large matrix product.
 */
final class LanguageModel implements Benchmark {
  private static final int TEXTS = 4;
  private static final int TOKENS = 128;
  private static final int DECODED = 64;
  private static final int REPETITIONS = 2;

  @Override
  public List<Row> run() {
    var given = System.getProperty("bench.model", "");
    if (given.isEmpty()) {
      try (var folder = new SmolFolder()) {
        return run(new ModelSource("smol", folder.path(), folder.path(), "0"));
      }
    }
    var kind = new PathModel().kind();
    return run(kind.make().apply(Settings.read("model", kind.knobs(), Map.of("path", given))));
  }

  private static List<Row> run(ModelSource source) {
    var rows = new ArrayList<Row>();
    for (var precision : RealModel.precisions().reversed()) {
      for (int lanes : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
        try (var engine = open(source, precision, lanes)) {
          rows.add(decoding(engine, precision, lanes));
          rows.add(step(engine, precision, lanes));
        }
      }
    }
    return rows;
  }

  private static Engine open(ModelSource source, Precision precision, int lanes) {
    return Engines.open(
        source, new TorchEngine.Task(0, 2 * TOKENS, Pooling.NONE), precision, lanes);
  }

  private static ModelUse use(Engine engine, Parameterisation how) {
    var whole = Partition.whole(engine.facts().layers(), NodeId.Role.DEVICE);
    return new ModelUse(whole, Map.of("whole", how));
  }

  /** The same on every lane at once; nanoseconds of the fastest repetition of all. */
  private static long fastest(int lanes, Callable<?> body) {
    long best = Long.MAX_VALUE;
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      for (int i = 0; i <= REPETITIONS; i++) {
        long start = System.nanoTime();
        for (var one : threads.invokeAll(java.util.Collections.nCopies(lanes, body))) {
          one.get();
        }
        best = i == 0 ? best : Math.min(best, System.nanoTime() - start);
      }
    } catch (InterruptedException | java.util.concurrent.ExecutionException e) {
      throw new IllegalStateException(e);
    }
    return best;
  }

  /** Time of 64 tokens more, so that reading the prompt does not count. */
  private static Row decoding(Engine engine, Precision precision, int lanes) {
    var use = use(engine, new Parameterisation.Frozen());
    try (var predictor = engine.predictor(use, TensorMap.empty())) {
      int[][] prompt = {{504, 3575, 338}};
      long few = fastest(lanes, () -> generate(predictor, prompt, 16));
      long many = fastest(lanes, () -> generate(predictor, prompt, 16 + DECODED));
      double most = engine.lanes().run(() -> limit(engine, use), false).value();
      double one = DECODED / ((many - few) / 1e9);
      return Row.of(
          "greedy decoding, " + name(precision, lanes),
          Row.text(
              "%.1f tokens/s; %.0f %% of %.0f a lane, by reading the weights",
              lanes * one, 100 * one / most, most));
    }
  }

  /** Tokens a second, if reading every weight once took all the time. */
  private static double limit(Engine engine, ModelUse use) {
    try (var model = engine.open(use, NodeId.Role.DEVICE, 1)) {
      return GemmPeak.bytesReadPerSecond(REPETITIONS) / model.frozenBytes();
    }
  }

  private static int[][] generate(
      dev.anabranch.core.Predictor predictor, int[][] prompt, int tokens) {
    return Sampling.GREEDY.generate(predictor, prompt, tokens, -1, Seeds.stream(1, "none"));
  }

  private static Row step(Engine engine, Precision precision, int lanes) {
    var use = use(engine, new Parameterisation.Lora(8, 16, List.of("q_proj", "v_proj")));
    var batch = batch();
    long nanos = fastest(lanes, () -> engine.lanes().run(() -> steps(engine, use, batch), false));
    long macs = engine.lanes().run(() -> steps(engine, use, batch), false).macs() / 2;
    double peak = RealModel.peak(engine.lanes(), precision);
    double seconds = nanos / 2e9;
    return Row.of(
        "LoRA step of 4 x 128 tokens, " + name(precision, lanes),
        Row.text(
            "%.0f ms a step and lane, %.2f steps/s; %.0f %% of the GEMM peak, %.0f GFLOP/s a lane",
            1e3 * seconds, lanes / seconds, 100 * macs / seconds / peak, 2 * peak / 1e9));
  }

  /** Two steps. */
  private static double steps(Engine engine, ModelUse use, Batch batch) {
    double loss = 0;
    try (Model model = engine.open(use, NodeId.Role.DEVICE, 1);
        var optimizer = model.optimizer(OptimizerSpec.adamw(1e-4))) {
      for (int i = 0; i < 2; i++) {
        optimizer.zero();
        loss = model.route().lossAndGradient(batch);
        optimizer.step();
      }
    }
    return loss;
  }

  private static String name(Precision precision, int lanes) {
    return precision.name().toLowerCase(Locale.ROOT)
        + (lanes == 1 ? ", one lane" : ", " + lanes + " lanes");
  }

  private static Batch batch() {
    var random = Seeds.stream(1, "words");
    int[] ids = random.ints((long) TEXTS * TOKENS, 100, 40_000).toArray();
    int[] lengths = new int[TEXTS];
    Arrays.fill(lengths, TOKENS);
    int[] labels = new int[ids.length];
    for (int i = 0; i < ids.length; i++) {
      labels[i] = i % TOKENS == TOKENS - 1 ? -1 : ids[i + 1];
    }
    int[] rows = {0, 1, 2, 3};
    return new Batch(rows, new Inputs.Tokens(ids, TOKENS, lengths, new int[ids.length]), labels);
  }
}
