package dev.anabranch.torch.internal;

import dev.anabranch.core.Lanes;
import dev.anabranch.core.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A fixed set of platform threads on which tensor work runs, first come, first served. Safe to call
 * from any thread.
 *
 * <p>Work that a lane starts on a lane runs in place, with a meter of its own: what it takes is in
 * its own result and not in that of the work around it, so nothing is counted twice. The threads
 * are joined when the process ends, because libtorch's destructors must not run under them; work
 * that is running then ends at its next operation.
 */
public final class LaneThreads implements Lanes {
  private final BlockingQueue<Task<?>> queue = new LinkedBlockingQueue<>();
  private final List<LaneThread> threads = new ArrayList<>();
  private final Thread hook = new Thread(this::stopNow, "lanes-shutdown");
  private boolean closed;
  private volatile boolean stopping;

  private static final Task<Boolean> STOP = new Task<>(() -> true, false);

  private static final class Task<T> {
    private final Callable<T> body;
    private final boolean watch;
    private final CountDownLatch finished = new CountDownLatch(1);
    private volatile @Nullable Done<T> done;
    private volatile @Nullable Throwable thrown;

    Task(Callable<T> body, boolean watch) {
      this.body = body;
      this.watch = watch;
    }

    void runOn(LaneThread lane) {
      try {
        done = lane.execute(body, watch);
      } catch (Throwable e) { // whatever it is belongs to the caller
        thrown = e;
      } finally {
        finished.countDown();
      }
    }

    void refuse(String why) {
      thrown = new CancellationException(why);
      finished.countDown();
    }

    Done<T> await() {
      boolean interrupted = false;
      while (true) {
        try {
          finished.await();
          break;
        } catch (InterruptedException e) {
          interrupted = true; // native work cannot be abandoned: it may write to what we own
        }
      }
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
      var result = done;
      if (result == null) {
        throw LaneThreads.<RuntimeException>asIs(thrown);
      }
      return result;
    }
  }

  /** Starts the threads. */
  public LaneThreads(int count) {
    if (count < 1) {
      throw new IllegalArgumentException("lanes: " + count + " (expected: at least 1)");
    }
    LibTorch.boot();
    for (int i = 0; i < count; i++) {
      threads.add(new LaneThread("lane-" + i, this::serve, () -> stopping));
    }
    Runtime.getRuntime().addShutdownHook(hook);
    threads.forEach(Thread::start);
  }

  private void serve() {
    var lane = (LaneThread) Thread.currentThread();
    while (true) {
      try {
        var task = queue.take();
        if (STOP.equals(task)) {
          return;
        }
        task.runOn(lane);
      } catch (InterruptedException e) {
        return; // nobody interrupts a lane but the end of the process
      }
    }
  }

  @Override
  public int count() {
    return threads.size();
  }

  @Override
  public <T> Done<T> run(Callable<T> body, boolean watchMemory) {
    if (Thread.currentThread() instanceof LaneThread lane) {
      try {
        return lane.execute(body, watchMemory);
      } catch (Exception e) {
        throw LaneThreads.<RuntimeException>asIs(e);
      }
    }
    var task = new Task<>(body, watchMemory);
    synchronized (queue) {
      if (closed) {
        throw new IllegalStateException("lanes: closed (expected: open)");
      }
      queue.add(task);
    }
    return task.await();
  }

  @Override
  public long elsewhereBytes() {
    return Tensor.elsewhereBytes();
  }

  @Override
  public long liveNativeBytes() {
    return Meter.live();
  }

  private void stopNow() {
    stopping = true;
    synchronized (queue) {
      var left = new ArrayList<Task<?>>();
      queue.drainTo(left);
      left.forEach(task -> task.refuse("lanes: shutting down"));
      closed = false; // the drained stop marks must be put again
      stop();
    }
    join();
  }

  private void stop() {
    if (!closed) {
      closed = true;
      threads.forEach(thread -> queue.add(STOP));
    }
  }

  private void join() {
    boolean interrupted = false;
    for (var thread : threads) {
      while (thread.isAlive()) {
        try {
          thread.join(100);
        } catch (InterruptedException e) {
          interrupted = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Finishes what waits, then joins the threads. Closing twice is allowed. */
  @Override
  public void close() {
    if (Thread.currentThread() instanceof LaneThread) {
      throw new IllegalStateException("lanes: closed from a lane (expected: from another thread)");
    }
    synchronized (queue) {
      stop();
    }
    join();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      stopping = true; // the process ends already, and the hook joins as well
    }
  }

  /** Throws anything without wrapping it. */
  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException asIs(@Nullable Throwable thrown) throws E {
    throw (E) (thrown == null ? new IllegalStateException("lane: no result") : thrown);
  }
}
