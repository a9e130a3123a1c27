package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Lane;
import dev.anabranch.core.Lanes;
import java.util.concurrent.Callable;
import java.util.concurrent.locks.ReadWriteLock;

/**
 * One program's way to the lanes: counts what runs there. Work within work belongs to the outer
 * piece. A watched meter has the lanes to itself while it runs, so that memory grows by its own
 * doing only. Belongs to one program; its figures may be read by others.
 */
final class Meter implements Lane {
  private static final ThreadLocal<Boolean> ON_LANE = new ThreadLocal<>();

  /** Told of every piece of work that has ended. */
  interface Sink {
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
   */
  Meter(Lanes lanes, ReadWriteLock gate, Sink sink, Runnable check, boolean watched) {
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

  /** Throws if the calling thread is a lane at work. */
  static void refuseOnLane(String what) {
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
      long before = watch ? lanes.liveNativeBytes() : 0;
      var done = lanes.run(() -> marked(body), watch);
      if (watch) {
        long after = lanes.liveNativeBytes();
        growth = Math.max(growth, kept + Math.max(done.peakNativeBytes(), after) - before);
        kept += after - before;
      }
      sink.worked(work, done.nanos(), done.macs());
      return done.value();
    } finally {
      lock.unlock();
      working = false;
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

  /** Frees memory: at once, but not while that of other work is measured. */
  void free(Runnable body) {
    gate.readLock().lock();
    try {
      body.run();
    } finally {
      gate.readLock().unlock();
    }
  }

  boolean used() {
    return used;
  }

  /** Whether work waits for a lane or is on one. */
  boolean working() {
    return working;
  }

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
