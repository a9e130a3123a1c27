package dev.anabranch.benchmarks;

import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.Pooling;
import dev.anabranch.core.Seeds;
import dev.anabranch.core.Settings;
import dev.anabranch.torch.GemmPeak;
import dev.anabranch.torch.ModelSource;
import dev.anabranch.torch.Models;
import dev.anabranch.torch.Precision;
import dev.anabranch.torch.TorchEngine;
import java.util.Arrays;
import java.util.List;

/** all-MiniLM-L6-v2 for two classes of texts of 64 tokens, and a batch of 16 of them. */
final class RealModel {
  static final int BATCH = 16;
  static final int TOKENS = 64;
  static final int CLASSES = 2;

  private RealModel() {}

  static TorchEngine open(Precision frozen, int lanes) {
    var kind =
        Models.KINDS.stream()
            .filter(k -> k.answersTo("all-minilm-l6-v2"))
            .findFirst()
            .orElseThrow();
    ModelSource source =
        kind.make().apply(Settings.read("model", kind.knobs(), java.util.Map.of()));
    return TorchEngine.open(
        source, new TorchEngine.Task(CLASSES, TOKENS, Pooling.MEAN), frozen, lanes);
  }

  /** The precisions that this processor computes in hardware. */
  static List<Precision> precisions() {
    return GemmPeak.bf16InHardware()
        ? List.of(Precision.FP32, Precision.BF16)
        : List.of(Precision.FP32);
  }

  /** What one lane could do at best, in multiply-accumulates a second. */
  static double peak(Lanes lanes, Precision precision) {
    return lanes.run(() -> GemmPeak.macsPerSecond(precision, 2048, 6), false).value();
  }

  /** Random words, [b, t] without padding. */
  static Batch batch(int tokens) {
    var random = Seeds.stream(1, "words");
    int[] ids = random.ints((long) BATCH * tokens, 1000, 20_000).toArray();
    int[] lengths = new int[BATCH];
    Arrays.fill(lengths, tokens);
    int[] labels = random.ints(BATCH, 0, CLASSES).toArray();
    int[] rows = java.util.stream.IntStream.range(0, BATCH).toArray();
    return new Batch(rows, new Inputs.Tokens(ids, tokens, lengths, new int[ids.length]), labels);
  }
}
