package dev.anabranch.torch.internal;

import dev.anabranch.core.Lanes;
import java.util.concurrent.Callable;
import java.util.function.BooleanSupplier;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.jspecify.annotations.Nullable;

/** A platform thread that may touch tensors. Its meter is that of the innermost work on it. */
final class LaneThread extends Thread implements Lanes.Runner {
  private final BooleanSupplier stopped;
  private @Nullable Meter meter;

  LaneThread(String name, Runnable loop, BooleanSupplier stopped) {
    super(loop, name);
    this.stopped = stopped;
    setDaemon(true);
  }

  @Nullable Meter meter() {
    return meter;
  }

  /** Runs work with a scope and a meter of its own; on this thread only. */
  <T> Lanes.Done<T> execute(Callable<T> body, boolean watch) throws Exception {
    var outer = meter;
    var mine = new Meter(watch || (outer != null && outer.watched()), stopped);
    long start = System.nanoTime();
    meter = mine;
    try (var scope = new PointerScope()) {
      mine.boundary();
      T value = body.call();
      mine.boundary();
      if (value instanceof Pointer) {
        throw new IllegalStateException(
            "result: " + value.getClass().getSimpleName() + " (expected: a value, not a tensor)");
      }
      long nanos = System.nanoTime() - start - mine.nestedNanos();
      return new Lanes.Done<>(value, mine.macs(), nanos, mine.watched() ? mine.peak() : 0);
    } finally {
      meter = outer;
      if (outer != null) {
        outer.nested(mine, System.nanoTime() - start);
      }
    }
  }
}
