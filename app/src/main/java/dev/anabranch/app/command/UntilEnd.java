package dev.anabranch.app.command;

import java.util.concurrent.CountDownLatch;

/** Waits until somebody ends the process. */
final class UntilEnd {
  private UntilEnd() {}

  /** Returns never; closes the daemon when the process is asked to end. */
  static void await(AutoCloseable daemon) throws InterruptedException {
    Runtime.getRuntime().addShutdownHook(new Thread(() -> close(daemon), "ends"));
    new CountDownLatch(1).await();
  }

  static void close(AutoCloseable daemon) {
    try {
      daemon.close();
    } catch (Exception e) { // the process ends all the same
      System.err.println("anabranch: " + e.getMessage());
    }
  }
}
