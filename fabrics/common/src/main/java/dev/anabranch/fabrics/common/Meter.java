package dev.anabranch.fabrics.common;

import dev.anabranch.core.Lane;
import dev.anabranch.core.Lanes;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.function.Supplier;

/**
 * One program's way to the lanes: counts what runs there. Work within work belongs to the outer
 * piece. A watched meter has the lanes to itself while it runs, and values that programs allocate
 * meanwhile, or the collector frees, are left out, so that memory grows by its own doing only; what
 * it keeps between its pieces of work is its own too, whatever others do meanwhile. Belongs to one
 * program; its figures may be read by others.
 */
public final class Meter implements Lane {
  private static final ThreadLocal<Boolean> ON_LANE = new ThreadLocal<>();

  /** Told of every piece of work that has ended. */
  @FunctionalInterface
  public interface Sink {
    /**
     * @param work its name
     * @param macs multiply-accumulates
     */
    void worked(String work, long nanos, long macs);
  }

  private final Lanes lanes;
  private final ReadWriteLock gate;
  private final Sink sink;
  private final Runnable check;
  private volatile boolean watched;
  private volatile boolean used;
  private volatile boolean working;
  private long kept;
  private volatile long growth;

  /**
   * @param gate held shared by work, exclusively by work whose memory is measured
   * @param check throws if the program is to end
   * @param watched whether memory is measured
   */
  public Meter(Lanes lanes, ReadWriteLock gate, Sink sink, Runnable check, boolean watched) {
    this.lanes = lanes;
    this.gate = gate;
    this.sink = sink;
    this.check = check;
    this.watched = watched;
  }

  /** Whether the calling thread is a lane at work. */
  static boolean onLane() {
    return ON_LANE.get() != null;
  }

  /**
   * Refuses what waits, on a thread for which others wait.
   *
   * @throws IllegalStateException if the calling thread is a lane at work
   */
  public static void refuseOnLane(String what) {
    if (onLane()) {
      throw new IllegalStateException(what + " on a lane (expected: outside of lane work)");
    }
  }

  @Override
  public <T> T run(String work, Callable<T> body) {
    if (onLane()) {
      return here(body);
    }
    check.run();
    used = true;
    boolean watch = watched;
    var lock = watch ? gate.writeLock() : gate.readLock();
    working = true;
    lock.lock();
    try {
      var span = new Span(lanes);
      var done = lanes.run(() -> watch ? span.over(body) : marked(body), watch);
      if (watch) {
        growth =
            Math.max(growth, kept + Math.max(done.peakNativeBytes(), span.after) - span.before);
        kept += span.after - span.before;
      }
      sink.worked(work, done.nanos(), done.macs());
      return done.value();
    } finally {
      lock.unlock();
      working = false;
    }
  }

  /** Live memory around one piece of work, on its lane. */
  private static final class Span {
    private final Lanes lanes;
    private long before;
    private long after;

    Span(Lanes lanes) {
      this.lanes = lanes;
    }

    <T> T over(Callable<T> body) throws Exception {
      long others = lanes.elsewhereBytes();
      before = lanes.liveNativeBytes();
      try {
        return marked(body);
      } finally {
        after = lanes.liveNativeBytes() - lanes.elsewhereBytes() + others;
      }
    }
  }

  private static <T> T marked(Callable<T> body) throws Exception {
    ON_LANE.set(Boolean.TRUE);
    try {
      return body.call();
    } finally {
      ON_LANE.remove();
    }
  }

  private static <T> T here(Callable<T> body) {
    try {
      return body.call();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new IllegalStateException(e);
    }
  }

  /** Does what takes or frees memory: at once, but not while that of other work is measured. */
  <T> T beside(Supplier<T> body) {
    gate.readLock().lock();
    try {
      return body.get();
    } finally {
      gate.readLock().unlock();
    }
  }

  /** Throws if the program is to end. */
  void check() {
    check.run();
  }

  /** Whether there was work. */
  boolean used() {
    return used;
  }

  /** Whether work waits for a lane or is on one. */
  public boolean working() {
    return working;
  }

  /** Whether memory is measured. */
  boolean watched() {
    return watched;
  }

  /** Forgets that there was work, and whether to watch from now on. */
  void restart(boolean watch) {
    used = false;
    watched = watch;
  }

  /** The most native bytes by which watched work grew. */
  long growth() {
    return growth;
  }
}
