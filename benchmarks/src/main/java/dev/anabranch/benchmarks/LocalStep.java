package dev.anabranch.benchmarks;

import dev.anabranch.core.Model;
import dev.anabranch.core.ModelUse;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.OptimizerSpec;
import dev.anabranch.core.Parameterisation;
import dev.anabranch.core.Parameterisation.SoftPrompt;
import dev.anabranch.core.Partition;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * One local training step on one lane: forward, backward, clipping, AdamW, on 16 sequences of 64
 * positions. Soft prompts are among the 64.
 */
final class LocalStep implements Benchmark {
  private static final int REPETITIONS = 6;
  private static final int PROMPTS = 10;

  private record Variant(
      String name, Parameterisation trained, int tokens, boolean frozenWeights) {}

  private static final List<Variant> VARIANTS =
      List.of(
          new Variant("full", new Parameterisation.Everything(), RealModel.TOKENS, false),
          new Variant(
              "LoRA r=8 (query, value)",
              new Parameterisation.Lora(8, 16, List.of("query", "value")),
              RealModel.TOKENS,
              true),
          new Variant(
              "prompt(" + PROMPTS + ")",
              new SoftPrompt(PROMPTS, SoftPrompt.Placing.WORDS),
              RealModel.TOKENS - PROMPTS,
              true),
          new Variant("classifier alone", new Parameterisation.HeadOnly(), RealModel.TOKENS, true));

  @Override
  public List<Row> run() {
    var rows = new ArrayList<Row>();
    for (var precision : RealModel.precisions()) {
      try (var engine = RealModel.open(precision, 1)) {
        double peak = RealModel.peak(engine.lanes(), precision);
        for (var variant : VARIANTS) {
          if (variant.frozenWeights || precision == Precision.FP32) {
            rows.add(measure(engine, variant, precision, peak));
          }
        }
      }
    }
    return rows;
  }

  private static Row measure(
      TorchEngine engine, Variant variant, Precision precision, double peak) {
    var use =
        new ModelUse(
            Partition.whole(engine.facts().layers(), NodeId.Role.DEVICE),
            Map.of("whole", variant.trained));
    var lanes = engine.lanes();
    Model model = lanes.run(() -> engine.open(use, NodeId.Role.DEVICE, 1), false).value();
    var batch = RealModel.batch(variant.tokens);
    long nanos = Long.MAX_VALUE;
    long macs = 0;
    var optimizer = lanes.run(() -> model.optimizer(OptimizerSpec.adamw(1e-4)), false).value();
    for (int i = -2; i < REPETITIONS; i++) {
      var done =
          lanes.run(
              () -> {
                optimizer.zero();
                double loss = model.route().lossAndGradient(batch);
                optimizer.step();
                return loss;
              },
              false);
      nanos = i < 0 ? nanos : Math.min(nanos, done.nanos());
      macs = done.macs();
    }
    lanes.run(
        () -> {
          optimizer.close();
          model.close();
          return true;
        },
        false);
    var frozen = variant.frozenWeights ? "frozen " : "";
    return Row.of(
        variant.name + ", " + frozen + precision.name().toLowerCase(Locale.ROOT),
        Row.text(
            "%.1f ms, %.1f GMAC, %.1f %% of the peak",
            nanos / 1e6, macs / 1e9, 100 * macs / (nanos / 1e9) / peak));
  }
}
