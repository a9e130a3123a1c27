package dev.anabranch.testkit;

import dev.anabranch.core.Lanes;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/**
 * Platform threads with a meter of multiply-accumulates and of the bytes that toy models hold.
 * Thread-safe.
 */
final class ToyLanes implements Lanes {
  private final ArrayDeque<Runnable> waiting = new ArrayDeque<>();
  private final List<LaneThread> threads = new ArrayList<>();
  private boolean closed;
  private long live;
  private long peak;

  /** A lane; its counter is touched by itself alone. */
  private final class LaneThread extends Thread {
    private long macs;

    LaneThread(int index) {
      super("toy-lane-" + index);
      setDaemon(true);
    }

    boolean of(ToyLanes lanes) {
      return lanes == ToyLanes.this;
    }

    @Override
    public void run() {
      while (true) {
        var work = take();
        if (work == null) {
          return;
        }
        work.run();
      }
    }
  }

  ToyLanes(int count) {
    for (int i = 0; i < count; i++) {
      var thread = new LaneThread(i);
      threads.add(thread);
      thread.start();
    }
  }

  private synchronized @Nullable Runnable take() {
    while (waiting.isEmpty()) {
      if (closed) {
        return null;
      }
      try {
        wait();
      } catch (InterruptedException e) {
        return null;
      }
    }
    return waiting.remove();
  }

  @Override
  public int count() {
    return threads.size();
  }

  private @Nullable LaneThread current() {
    return Thread.currentThread() instanceof LaneThread lane && lane.of(this) ? lane : null;
  }

  /** Charges multiply-accumulates to the lane that runs this. */
  void count(long macs) {
    var lane = current();
    if (lane == null) {
      throw new IllegalStateException(
          "thread: "
              + Thread.currentThread().getName()
              + " (expected: tensor work on a lane only)");
    }
    lane.macs += macs;
  }

  /** Counts bytes that a model holds, or with a minus sign frees. */
  synchronized void hold(long bytes) {
    live += bytes;
    peak = Math.max(peak, live);
  }

  @Override
  public <T> Done<T> run(Callable<T> body, boolean watchMemory) {
    var here = current();
    if (here != null) {
      return measured(here, body, watchMemory);
    }
    var done = new CompletableFuture<Done<T>>();
    synchronized (this) {
      if (closed) {
        throw new IllegalStateException("lanes: closed (expected: open)");
      }
      waiting.add(() -> {
        try {
          done.complete(measured((LaneThread) Thread.currentThread(), body, watchMemory));
        } catch (Throwable e) {
          done.completeExceptionally(e);
        }
      });
      notify();
    }
    try {
      return done.join();
    } catch (CompletionException e) {
      throw sneaky(e.getCause() == null ? e : e.getCause());
    }
  }

  private <T> Done<T> measured(LaneThread lane, Callable<T> body, boolean watchMemory) {
    long macs = lane.macs;
    long began = System.nanoTime();
    if (watchMemory) {
      synchronized (this) {
        peak = live;
      }
    }
    try {
      T value = body.call();
      synchronized (this) {
        return new Done<>(
            value, lane.macs - macs, System.nanoTime() - began, watchMemory ? peak : 0);
      }
    } catch (Exception e) {
      throw sneaky(e);
    }
  }

  @SuppressWarnings("unchecked")
  private static <E extends Throwable> RuntimeException sneaky(Throwable e) throws E {
    throw (E) e;
  }

  @Override
  public synchronized long liveNativeBytes() {
    return live;
  }

  @Override
  public void close() {
    synchronized (this) {
      closed = true;
      notifyAll();
    }
    for (var thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
