package dev.anabranch.fabrics.common;

/** Waiting for threads. */
public final class Threads {
  private Threads() {}

  /** Waits until a thread has ended; an interrupt is seen by the caller afterwards. */
  public static void join(Thread thread) {
    boolean interrupted = false;
    while (true) {
      try {
        thread.join();
        break;
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
