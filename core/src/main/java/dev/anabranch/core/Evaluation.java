package dev.anabranch.core;

import java.util.ArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Scores trained variables on a hold-out. An instrument: it is charged to nobody. Batches run on
 * all lanes; sums are taken in the order of the rows.
 */
public record Evaluation(Engine engine, ModelUse use, Shard holdout, int batchSize) {
  public Metrics score(TensorMap trained) {
    try (var predictor = engine.predictor(use, trained);
        var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var parts = new ArrayList<Future<Predictor.Score>>();
      for (int[] rows : holdout.split(holdout.rows(), batchSize)) {
        parts.add(threads.submit(() -> predictor.score(holdout.batch(rows))));
      }
      int right = 0;
      int n = 0;
      double loss = 0;
      for (var part : parts) {
        right += part.get().right();
        loss += part.get().loss();
        n += part.get().asked();
      }
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
}
