package dev.anabranch.fabrics.grpc.internal;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledThreadPoolExecutor;

/** Where graces, pauses and the like wait for their time. */
final class Timer {
  private Timer() {}

  /** One thread; what is still to come when it is shut down never comes, and nobody minds. */
  static ScheduledExecutorService start(String name) {
    var timer =
        new ScheduledThreadPoolExecutor(1, Thread.ofPlatform().daemon().name(name).factory());
    timer.setRemoveOnCancelPolicy(true);
    timer.setRejectedExecutionHandler(new ScheduledThreadPoolExecutor.DiscardPolicy());
    return timer;
  }
}
