package dev.anabranch.fabrics.grpc.internal;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs that are being made ready, each on a thread of its own, and whether anything comes of it.
 *
 * <p>Work is seen by the processor time of these threads and of those that they start, such as
 * lanes: reading, decoding and fetching take some, waiting for what never comes takes none. What
 * one preparation does counts for all, as they may wait for each other: engines and data are
 * shared. Thread-safe.
 */
final class Preparations {
  /** Processor time that counts as work: more than a thread takes that looks whether to go on. */
  private static final long WORK_NANOS = 10_000_000;

  private final ThreadGroup group = new ThreadGroup("preparations");
  private final ThreadMXBean times = ManagementFactory.getThreadMXBean();
  private final Map<String, Thread> threads = new TreeMap<>();
  private Map<Long, Long> seen = new HashMap<>();
  private long worked;

  /** Begins one; false, and nothing is done, if that run is being prepared already. */
  synchronized boolean begin(String run, Runnable work) {
    if (threads.containsKey(run)) {
      return false;
    }
    var thread = Thread.ofPlatform().group(group).daemon().name("run " + run).unstarted(work);
    threads.put(run, thread);
    thread.start();
    return true;
  }

  /**
   * Called by a preparation that is over.
   *
   * @return false if nobody waits for it any more
   */
  synchronized boolean end(String run) {
    return threads.remove(run, Thread.currentThread());
  }

  /** Nobody waits for this one any more; it ends by itself, if it does. */
  synchronized void forget(String run) {
    threads.remove(run);
  }

  /** The runs that are being prepared. */
  synchronized List<String> runs() {
    return List.copyOf(threads.keySet());
  }

  /** Whether there was work since this was last true. */
  synchronized boolean moved() {
    if (!times.isThreadCpuTimeSupported()) {
      return true; // what cannot be seen is not held against it
    }
    var all = new Thread[group.activeCount() + 16];
    int count = group.enumerate(all);
    var now = new HashMap<Long, Long>();
    for (int i = 0; i < count; i++) {
      @Nullable Thread thread = all[i];
      if (thread != null) {
        long id = thread.threadId();
        long nanos = Math.max(0, times.getThreadCpuTime(id));
        worked += Math.max(0, nanos - seen.getOrDefault(id, 0L));
        now.put(id, nanos);
      }
    }
    seen = now;
    if (worked < WORK_NANOS) {
      return false;
    }
    worked = 0;
    return true;
  }
}
