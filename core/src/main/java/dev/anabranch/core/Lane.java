package dev.anabranch.core;

import java.util.concurrent.Callable;

/**
 * The only place where tensor work runs: a platform thread with a native scope open and the meter
 * on. Called from a program, it waits for its turn and blocks until the work is done; called from
 * work on a lane, it runs in place.
 */
public interface Lane {
  /**
   * Runs tensor work. What it returns must be values, never native tensors.
   *
   * @param work its name in the ledger
   */
  <T> T run(String work, Callable<T> body);

  default void run(String work, Runnable body) {
    run(
        work,
        () -> {
          body.run();
          return Boolean.TRUE;
        });
  }
}
