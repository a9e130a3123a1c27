package dev.anabranch.core;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;

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

  /** The same with instruments. */
  public Evaluation with(List<Instrument> others) {
    return new Evaluation(engine, use, holdout, batchSize, others);
  }

  /**
   * A score, and the figures of the instruments.
   *
   * @param more by name
   */
  public record Measured(Metrics metrics, SortedMap<String, Double> more) {}

  /**
   * Scores trained variables, and asks every instrument.
   *
   * @param beside other variables that an instrument may look at, by name
   * @param check called before each batch: throws when nobody waits for the score any more, which
   *     then ends with the batches that are on lanes
   */
  public Measured measure(TensorMap trained, Map<String, TensorMap> beside, Runnable check) {
    var more = new TreeMap<String, Double>();
    var others = new TreeMap<String, Predictor>();
    check.run();
    try (var predictor = engine.predictor(use, trained).checked(check)) {
      beside.forEach(
          (name, variables) -> others.put(name, engine.predictor(use, variables).checked(check)));
      var metrics = score(predictor);
      instruments.forEach(instrument -> more.putAll(instrument.measure(predictor, others, check)));
      return new Measured(metrics, more);
    } finally {
      others.values().forEach(Predictor::close);
    }
  }

  /** As {@link #measure}, without instruments. */
  public Metrics score(TensorMap trained, Runnable check) {
    check.run();
    try (var predictor = engine.predictor(use, trained).checked(check)) {
      return score(predictor);
    }
  }

  /** How any predictor does on the hold-out. */
  public Metrics score(Predictor predictor) {
    // No more than lanes take: what waits for a lane could not be called off.
    var free = new Semaphore(engine.lanes().count());
    var failed = new AtomicBoolean();
    try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
      var parts = new ArrayList<Future<Predictor.Score>>();
      for (int[] rows : holdout.split(holdout.rows(), batchSize)) {
        parts.add(threads.submit(() -> score(predictor, rows, free, failed)));
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

  /** How it does on some rows; none are read where another batch has failed. */
  private Predictor.Score score(
      Predictor predictor, int[] rows, Semaphore free, AtomicBoolean failed)
      throws InterruptedException {
    free.acquire();
    try {
      return failed.get() ? new Predictor.Score(0, 0, 0) : predictor.score(holdout.batch(rows));
    } catch (RuntimeException e) {
      failed.set(true);
      throw e;
    } finally {
      free.release();
    }
  }
}
