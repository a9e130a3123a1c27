package dev.anabranch.app.estimate;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.InstalledWiring;
import dev.anabranch.core.Batch;
import dev.anabranch.core.Inputs;
import dev.anabranch.core.Shard;
import dev.anabranch.core.Totals;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Bytes of whole methods on inputs of one length against the formulas of the literature, each way:
 * full fine-tuning d · b; split training 2 · U · n · q + (head + tail) · b; with a frozen body U ·
 * n · q + tail · b; SFPrompt 2 · U · keep · n · q + (tail + prompt) · b.
 */
class DryRunIT {
  private static final String VISITS = "rounds: 2, cohort: 3, examples: 16, batch: 8";
  private static final int VISIT_COUNT = 6;
  private static final int TOKENS = 20;
  private static final long D = 384;
  private static final long LAYER = 4 * (D * D + D) + 8 * D * D + 5 * D + 4 * D;
  private static final long EMBEDDINGS = (30522 + 512 + 2 + 2) * D;
  private static final long CLASSIFIER = 2 * D + 2;

  /** Examples of equal length. */
  private record Even(int size) implements Shard {
    @Override
    public int label(int row) {
      return row % 2;
    }

    @Override
    public Batch batch(int[] rows) {
      int[] ids = new int[rows.length * TOKENS];
      Arrays.fill(ids, 7);
      int[] lengths = new int[rows.length];
      Arrays.fill(lengths, TOKENS);
      int[] labels = Arrays.stream(rows).map(this::label).toArray();
      return new Batch(rows, new Inputs.Tokens(ids, TOKENS, lengths, new int[ids.length]), labels);
    }
  }

  /** Of a long run, after a look whether the plain one gives the same. */
  private static Totals totals(String method, String codecs) {
    var wiring = new InstalledWiring();
    var text =
        String.join(
            "\n",
            "model: { source: all-minilm-l6-v2 }",
            "task: { kind: text-classification, maxTokens: 32, pooling: mean }",
            "data: { source: spam-assassin }",
            "method: { " + method + " }",
            "codecs: { " + codecs + " }");
    var plan = RunPlan.parse(wiring.catalog(), "plan.yaml", text);
    var shards = Collections.<Shard>nCopies(6, new Even(24));
    var data = new Dataset(shards, new Even(2), List.of("ham", "spam"), "none");
    try (var engine = wiring.dryEngine(plan, 2).orElseThrow()) {
      var dry = new DryRun(wiring, data, engine);
      var fast = dry.runLong(plan);
      var plain = dry.run(plan);
      assertThat(fast.totals()).isEqualTo(plain.totals());
      assertThat(fast.virtualSeconds()).isEqualTo(plain.virtualSeconds());
      return fast.totals();
    }
  }

  private static void check(String method, long eachWay) {
    var totals = totals(method, "");
    assertThat(totals.down()).isEqualTo(VISIT_COUNT * eachWay);
    assertThat(totals.up()).isEqualTo(VISIT_COUNT * eachWay);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void bytesAreThoseOfTheFormulas(int epochs) {
    var common = VISITS + ", epochs: " + epochs;
    var split = common + ", headLayers: 1, tailLayers: 1";
    long q = TOKENS * D * 4;
    long prompted = (TOKENS + 10) * D * 4;
    long tail = LAYER + CLASSIFIER;
    check("fedavg: { " + common + " }", (EMBEDDINGS + 6 * LAYER + CLASSIFIER) * 4);
    check("sfl-ff: { " + split + " }", 2L * epochs * 16 * q + (EMBEDDINGS + LAYER + tail) * 4);
    check("sfl-linear: { " + split + " }", 16L * epochs * q + tail * 4);
    check(
        "sfprompt: { " + split + ", num_virtual_tokens: 10, keepFraction: 0.5 }",
        2L * epochs * 8 * prompted + (tail + 10 * D) * 4);
  }

  @ParameterizedTest
  @ValueSource(strings = {"int8", "topk", "fp16", "bf16"})
  void lossyCodecsCostTheSameWithoutValues(String codec) {
    var method = "fedavg: { " + VISITS + ", parameterisation: lora }";
    assertThat(totals(method, "update: " + codec).up()).isLessThan(totals(method, "").up());
  }
}
