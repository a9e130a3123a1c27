package dev.anabranch.benchmarks;

import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.FileRunLog;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.TensorSpec;
import dev.anabranch.fabrics.local.LocalFabric;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/**
 * What a visit costs beside its local work: scheduling, opening a model, encoding, metering and
 * decoding both messages, averaging, virtual time and the run log.
 */
final class VisitOverhead implements Benchmark {
  private static final int DEVICES = 50;
  private static final int COHORT = 10;
  private static final int ROUNDS = 100;
  private static final int REPETITIONS = 3;

  /** Values of LoRA r=8 on query and value of MiniLM's 6 layers, and of its classifier. */
  private static final int LORA = 6 * 2 * 2 * 8 * 384 + 2 * 384 + 2;

  private static final String FLOWER =
      " (Flower's simulation: 44 ms, measured 2026-11-21 on a machine of the same class)";

  /** Every run starts from the beginning. */
  private static final Checkpoints NOTHING_KEPT =
      new Checkpoints() {
        @Override
        public void save(Checkpoint checkpoint) {}

        @Override
        public Optional<Checkpoint> last() {
          return Optional.empty();
        }
      };

  @Override
  public List<Row> run() {
    return List.of(row("16 bytes each way", 4, ""), row("0.3 MB each way, as LoRA", LORA, FLOWER));
  }

  private static Row row(String what, int values, String beside) {
    double micros = micros(values);
    return Row.atMost(
        "visit without work, " + what, Row.text("%.0f µs", micros), micros, 1000, "1 ms" + beside);
  }

  private static double micros(int values) {
    double least = Double.POSITIVE_INFINITY;
    try (var payload = TensorMap.zeros(List.of(TensorSpec.of("payload", values)));
        var engine = ToyEngine.small(2)) {
      var method = new FreeWork(ROUNDS, COHORT, payload);
      var job = ToyJob.of(engine, DEVICES).withEvaluateEvery(-1).withCheckpoints(NOTHING_KEPT);
      for (int i = -1; i < REPETITIONS; i++) {
        var file = Files.createTempFile("visits", ".jsonl");
        try (var log = new FileRunLog(file)) {
          var wired = job.withLog(log).job(method.use(engine.facts()));
          long start = System.nanoTime();
          var outcome = new LocalFabric().run(method, wired);
          double micros = (System.nanoTime() - start) / 1e3 / ROUNDS / COHORT;
          requireAllVisits(outcome, values);
          least = i < 0 ? least : Math.min(least, micros);
        } finally {
          Files.delete(file);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return least;
  }

  /** The payload has really crossed twice in every visit. */
  private static void requireAllVisits(Outcome outcome, int values) {
    long expected = 2L * values * Float.BYTES * ROUNDS * COHORT;
    if (outcome.totals().total() != expected || outcome.lost() > 0) {
      throw new IllegalStateException(
          "bytes: " + outcome.totals().total() + " (expected: " + expected + ")");
    }
  }
}
