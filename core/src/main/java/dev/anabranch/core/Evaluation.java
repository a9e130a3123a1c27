package dev.anabranch.core;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Scores trained variables on a hold-out. An instrument: it is charged to nobody. Batches run on
 * all lanes; sums are taken in the order of the rows.
 */
public record Evaluation(
    Engine engine, ModelUse use, Shard holdout, int batchSize, List<Instrument> instruments) {
  public Evaluation {
    instruments = List.copyOf(instruments);
  }

  /** Without instruments. */
  public Evaluation(Engine engine, ModelUse use, Shard holdout, int batchSize) {
    this(engine, use, holdout, batchSize, List.of());
  }

  /**
   * A score, and the figures of the instruments.
   *
   * @param more by name
   */
  public record Measured(Metrics metrics, SortedMap<String, Double> more) {}

  /** Scores trained variables, and asks every instrument. */
  public Measured measure(TensorMap trained) {
    var more = new TreeMap<String, Double>();
    try (var predictor = engine.predictor(use, trained)) {
      var metrics = score(predictor);
      instruments.forEach(instrument -> more.putAll(instrument.measure(predictor)));
      return new Measured(metrics, more);
    }
  }

  private record Part(int right, double loss) {}

  public Metrics score(TensorMap trained) {
    try (var predictor = engine.predictor(use, trained)) {
      return score(predictor);
    }
  }

  /** How any predictor does on the hold-out. */
  public Metrics score(Predictor predictor) {
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var parts = new ArrayList<Future<Part>>();
      for (int[] rows : holdout.split(holdout.rows(), batchSize)) {
        parts.add(threads.submit(() -> part(predictor, holdout.batch(rows))));
      }
      int right = 0;
      double loss = 0;
      for (var part : parts) {
        right += part.get().right;
        loss += part.get().loss;
      }
      int n = holdout.size();
      return new Metrics(n == 0 ? 0 : right / (double) n, n == 0 ? 0 : loss / n, n);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (ExecutionException e) {
      throw e.getCause() instanceof RuntimeException r
          ? r
          : new IllegalStateException(e.getCause());
    }
  }

  private static Part part(Predictor predictor, Batch batch) {
    try (var logits = predictor.logits(batch)) {
      float[] z = logits.toArray();
      int classes = z.length / batch.size();
      int right = 0;
      double loss = 0;
      for (int i = 0; i < batch.size(); i++) {
        int best = 0;
        double top = Double.NEGATIVE_INFINITY;
        for (int c = 0; c < classes; c++) {
          if (z[i * classes + c] > top) {
            top = z[i * classes + c];
            best = c;
          }
        }
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          sum += Math.exp(z[i * classes + c] - top);
        }
        right += best == batch.labels()[i] ? 1 : 0;
        loss += top + Math.log(sum) - z[i * classes + batch.labels()[i]];
      }
      return new Part(right, loss);
    }
  }
}
