package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Charge;
import dev.anabranch.core.Lane;
import dev.anabranch.core.Lanes;
import dev.anabranch.core.NodeId;
import java.util.concurrent.Callable;
import java.util.function.IntSupplier;

/**
 * One party's way to the lanes: charges what runs there. Work within work belongs to the outer
 * piece. A watched meter has the lanes to itself while it runs, and values that programs allocate
 * meanwhile, or the collector frees, are left out, so that memory grows by its own doing only; what
 * it keeps between its pieces of work is its own too, whatever others do meanwhile. Belongs to one
 * program.
 */
final class Meter implements Lane {
  private static final ThreadLocal<Boolean> ON_LANE = new ThreadLocal<>();

  private final Shared shared;
  private final Program program;
  private final IntSupplier round;
  private volatile boolean watched;
  private volatile boolean used;
  private long kept;
  private volatile long growth;

  Meter(Shared shared, Program program, IntSupplier round, boolean watched) {
    this.shared = shared;
    this.program = program;
    this.round = round;
    this.watched = watched;
  }

  /** Whether the calling thread is a lane at work. */
  static boolean onLane() {
    return ON_LANE.get() != null;
  }

  @Override
  public <T> T run(String work, Callable<T> body) {
    if (onLane()) {
      return here(body);
    }
    shared.board.check();
    used = true;
    var lanes = shared.job.engine().lanes();
    boolean watch = watched;
    var lock = watch ? shared.gate.writeLock() : shared.gate.readLock();
    lock.lock();
    try {
      var span = new Span(lanes);
      var done = lanes.run(() -> watch ? span.over(body) : marked(body), watch);
      if (watch) {
        growth =
            Math.max(growth, kept + Math.max(done.peakNativeBytes(), span.after) - span.before);
        kept += span.after - span.before;
      }
      NodeId node = program.node;
      shared.books.charge(
          new Charge.Compute(node, round.getAsInt(), work, done.nanos(), done.macs()));
      program.trace.add(new Trace.Event.Compute(done.macs()));
      return done.value();
    } finally {
      lock.unlock();
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

  /** Frees memory: at once, but not while that of other work is measured. */
  void free(Runnable body) {
    shared.gate.readLock().lock();
    try {
      body.run();
    } finally {
      shared.gate.readLock().unlock();
    }
  }

  boolean used() {
    return used;
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
