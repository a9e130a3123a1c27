package dev.anabranch.benchmarks;

import dev.anabranch.core.Block;
import dev.anabranch.core.Hidden;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Partition;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Tensor;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;

/**
 * Forward and activation-only backward pass of a frozen body, layers [1, 5), as a split method
 * calls them: values in, values out. Compared with the rate of a large matrix product that is
 * measured first, in the same process.
 */
final class BodyThroughput implements Benchmark {
  private static final int BURST = 4;
  private static final int REPETITIONS = 5;

  /** The best of several bursts: least times of a pass, and the rate of the lanes together. */
  private static final class Best {
    private long forwardMacs;
    private long backwardMacs;
    private long forwardNanos = Long.MAX_VALUE;
    private long backwardNanos = Long.MAX_VALUE;
    private double rate;

    synchronized void forward(Lanes.Done<Tensor> done) {
      forwardMacs = done.macs();
      forwardNanos = Math.min(forwardNanos, done.nanos());
    }

    synchronized void backward(Lanes.Done<Tensor> done) {
      backwardMacs = done.macs();
      backwardNanos = Math.min(backwardNanos, done.nanos());
    }
  }

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    for (var precision : RealModel.precisions()) {
      measure(precision, precision == Precision.BF16 ? 0.70 : 0.85, rows);
    }
    return rows;
  }

  private static void measure(Precision precision, double target, List<Row> rows) {
    var name = precision.name().toLowerCase(java.util.Locale.ROOT);
    try (var engine = RealModel.open(precision, 2)) {
      double peak = RealModel.peak(engine.lanes(), precision);
      rows.add(Row.of(name + " GEMM 2048³, one lane", Row.text("%.0f GFLOP/s", 2 * peak / 1e9)));
      var one = best(engine, 1);
      var two = best(engine, 2);
      rows.add(share(name + " forward", one.forwardMacs, one.forwardNanos, peak, target));
      rows.add(
          share(
              name + " backward to the activations",
              one.backwardMacs,
              one.backwardNanos,
              peak,
              target));
      rows.add(
          share(
              name + " both, a step of the body",
              one.forwardMacs + one.backwardMacs,
              one.forwardNanos + one.backwardNanos,
              peak,
              target));
      double ratio = two.rate / one.rate;
      rows.add(
          Row.atLeast(
              name + " two lanes against one", Row.text("%.2f ×", ratio), ratio, 1.9, "1.9 ×"));
    }
  }

  private static Row share(String what, long macs, long nanos, double peak, double target) {
    double rate = macs / (nanos / 1e9);
    return Row.atLeast(
        what + " 16 × 64",
        Row.text(
            "%.1f ms, %.0f GFLOP/s, %.1f %% of the peak",
            nanos / 1e6, 2 * rate / 1e9, 100 * rate / peak),
        rate / peak,
        target,
        Row.text("%.0f %%", 100 * target));
  }

  private static Best best(TorchEngine engine, int lanes) {
    int layers = engine.facts().layers();
    var use = new ModelUse(Partition.uShape(layers, 1, layers - 1), Map.of());
    var models = new ArrayList<Model>();
    for (int i = 0; i < lanes; i++) {
      models.add(engine.lanes().run(() -> engine.open(use, NodeId.Role.BODY, 1), false).value());
    }
    var best = new Best();
    try (var threads = Executors.newFixedThreadPool(lanes)) {
      var work =
          models.stream()
              .<Callable<Long>>map(model ->
                  () -> engine.lanes().run(() -> burst(engine, model, best), false).value())
              .toList();
      for (int i = -1; i < REPETITIONS; i++) {
        long start = System.nanoTime();
        long macs = 0;
        for (var done : threads.invokeAll(work)) {
          macs += done.get();
        }
        double rate = macs / ((System.nanoTime() - start) / 1e9);
        best.rate = i < 0 ? 0 : Math.max(best.rate, rate);
      }
    } catch (InterruptedException | ExecutionException e) {
      throw new IllegalStateException(e);
    } finally {
      engine
          .lanes()
          .run(
              () -> {
                models.forEach(Model::close);
                return true;
              },
              false);
    }
    return best;
  }

  /** Some passes one after the other, on a lane; answers their multiply-accumulates. */
  private static long burst(TorchEngine engine, Model model, Best best) {
    Block body = model.block("body");
    int width = engine.facts().width();
    long macs = 0;
    try (var in = random("hidden", width);
        var gradient = random("gradient", width)) {
      int[] lengths = new int[RealModel.BATCH];
      Arrays.fill(lengths, RealModel.TOKENS);
      var hidden = new Hidden(in, lengths);
      for (int i = 0; i < BURST; i++) {
        var forward = engine.lanes().run(() -> body.forward(hidden), false);
        forward.value().close();
        best.forward(forward);
        var backward = engine.lanes().run(() -> body.backward(hidden, gradient), false);
        backward.value().close();
        best.backward(backward);
        macs += forward.macs() + backward.macs();
      }
    }
    return macs;
  }

  private static Tensor random(String use, int width) {
    var values = Tensor.zeros(RealModel.BATCH, RealModel.TOKENS, width);
    var random = Seeds.stream(1, use);
    for (long i = 0; i < values.elements(); i++) {
      values.set(i, (float) random.nextGaussian());
    }
    return values;
  }
}
