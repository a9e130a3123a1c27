package dev.anabranch.torch.internal;

import dev.anabranch.core.Lanes;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One lane for work without values: it runs in place, one piece at a time, on the thread that asks.
 * Safe to call from any thread.
 */
public final class DryLanes implements Lanes {
  private final ReentrantLock lock = new ReentrantLock(true);
  private final Account account = new Account();

  Account account() {
    if (!lock.isHeldByCurrentThread()) {
      throw new IllegalStateException(
          "thread: "
              + Thread.currentThread().getName()
              + " (expected: a lane; tensor work belongs into Lane.run)");
    }
    return account;
  }

  @Override
  public int count() {
    return 1;
  }

  @Override
  public <T> Done<T> run(Callable<T> body, boolean watchMemory) {
    lock.lock();
    try {
      boolean nested = lock.getHoldCount() > 1;
      if (!nested) {
        account.begin();
      }
      T value = body.call();
      account.boundary();
      return nested
          ? new Done<>(value, 0, 0, 0)
          : new Done<>(value, account.macs(), 0, watchMemory ? account.peak() : 0);
    } catch (Exception e) {
      throw DryLanes.<RuntimeException>asIs(e);
    } finally {
      lock.unlock();
    }
  }

  /** Throws anything without wrapping it. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException asIs(Throwable thrown) throws E {
    throw (E) thrown;
  }

  /** What would be live now. */
  @Override
  public long liveNativeBytes() {
    return account.live();
  }

  @Override
  public void close() {}
}
