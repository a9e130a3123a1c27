package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.fabrics.common.Stopped;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * What the threads of one run at the coordinator share: one lock, held for moments only, and
 * whether the run has failed. Thread-safe.
 */
final class Board {
  final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private @Nullable AnabranchException failure;
  private volatile boolean stopped;

  /** Waits until something holds, or throws if the run has failed. Called with the lock held. */
  void until(BooleanSupplier holds) {
    check();
    while (!holds.getAsBoolean()) {
      changed.awaitUninterruptibly();
      check();
    }
  }

  /** Wakes all who wait. Called with the lock held. */
  void changed() {
    changed.signalAll();
  }

  /** Runs something under the lock, and wakes all who wait. */
  void change(Runnable what) {
    lock.lock();
    try {
      what.run();
      changed();
    } finally {
      lock.unlock();
    }
  }

  /** Throws if the run has failed. */
  void check() {
    if (stopped) {
      throw new Stopped("the run has ended");
    }
  }

  boolean stopped() {
    return stopped;
  }

  /** Ends the run; the first reason counts. */
  void stop(AnabranchException why) {
    change(() -> {
      if (failure == null) {
        failure = why;
      }
      stopped = true;
    });
  }

  /** Why the run was stopped, if it was. */
  @Nullable AnabranchException failure() {
    lock.lock();
    try {
      return failure;
    } finally {
      lock.unlock();
    }
  }
}
