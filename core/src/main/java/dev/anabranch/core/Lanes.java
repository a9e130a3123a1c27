package dev.anabranch.core;

import java.util.concurrent.Callable;

/**
 * The engine's platform threads, each with a native scope and a meter. Safe to call from any
 * thread.
 */
public interface Lanes extends AutoCloseable {
  /** Marks the threads of lanes: values that others allocate or free belong to no work. */
  interface Runner {}

  /**
   * What a piece of work gave and took.
   *
   * @param macs multiply-accumulates really executed
   * @param nanos of wall time on the lane
   * @param peakNativeBytes most live native bytes of the process seen while it ran, without values
   *     that other threads have allocated or freed meanwhile; 0 unless watched
   */
  record Done<T>(T value, long macs, long nanos, long peakNativeBytes) {}

  int count();

  /**
   * Runs work on a free lane, in order of asking, and blocks until it is done; on a lane it runs in
   * place. An exception of the work is thrown as it is.
   *
   * @param watchMemory sample live native bytes at operation boundaries
   */
  <T> Done<T> run(Callable<T> body, boolean watchMemory);

  /** Live native bytes of the process now; 0 if the engine cannot tell. */
  long liveNativeBytes();

  /**
   * The part of {@link #liveNativeBytes} that other threads than lanes have allocated, less what
   * they have freed: no work's own. 0 where live bytes count the models' alone.
   */
  default long elsewhereBytes() {
    return 0;
  }

  /** Joins the threads. */
  @Override
  void close();
}
