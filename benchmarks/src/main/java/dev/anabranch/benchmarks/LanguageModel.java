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
import dev.anabranch.core.TensorMap;
import dev.anabranch.torch.Engines;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;

/**
 * A decoder of the shape of SmolLM2-135M with random weights: greedy decoding with kept keys and
 * values, and a LoRA step of 4 texts of 128 tokens; on one lane, and on all of them at once.
 */
final class LanguageModel implements Benchmark {
  private static final int TEXTS = 4;
  private static final int TOKENS = 128;
  private static final int DECODED = 64;
  private static final int REPETITIONS = 3;

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    try (var folder = new SmolFolder()) {
      for (var precision : RealModel.precisions()) {
        for (int lanes : new int[] {1, Runtime.getRuntime().availableProcessors()}) {
          try (var engine = open(folder.path(), precision, lanes)) {
            rows.add(decoding(engine, precision, lanes));
            rows.add(step(engine, precision, lanes));
          }
        }
      }
    }
    return rows;
  }

  private static Engine open(Path folder, Precision precision, int lanes) {
    return Engines.open(
        new ModelSource("smol", folder, folder, "0"),
        new TorchEngine.Task(0, 2 * TOKENS, Pooling.NONE),
        precision,
        lanes);
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
      return Row.of(
          "greedy decoding, " + name(precision, lanes),
          Row.text("%.1f tokens/s", lanes * DECODED / ((many - few) / 1e9)));
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
    return Row.of(
        "LoRA step of 4 x 128 tokens, " + name(precision, lanes),
        Row.text(
            "%.0f ms a step and lane, %.0f GMAC, %.0f GMAC/s in all",
            nanos / 2e6, macs / 1e9, lanes * 2 * macs / (double) nanos));
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
