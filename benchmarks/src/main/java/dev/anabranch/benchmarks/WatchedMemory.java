package dev.anabranch.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** Looks at another process's resident memory, from outside, until it is closed. Thread-safe. */
final class WatchedMemory implements AutoCloseable {
  private static final long TICK_MILLIS = 20;

  private final Path status;
  private final Thread looking;
  private volatile boolean closed;
  private long most;
  private long mostInFiles;

  WatchedMemory(long process) {
    status = Path.of("/proc", Long.toString(process), "status");
    looking = Thread.ofPlatform().daemon().name("memory of " + process).start(this::look);
  }

  private void look() {
    while (!closed) {
      sample();
      try {
        Thread.sleep(TICK_MILLIS);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private synchronized void sample() {
    var now = fields();
    long resident = now.getOrDefault("VmRSS", 0L);
    if (resident > most) {
      most = resident;
      mostInFiles = now.getOrDefault("RssFile", 0L);
    }
  }

  /** Bytes by name, of what the system says about the process's memory. */
  private Map<String, Long> fields() {
    var out = new HashMap<String, Long>();
    try {
      for (var line : Files.readAllLines(status)) {
        if (line.endsWith(" kB")) {
          int colon = line.indexOf(':');
          var number = line.substring(colon + 1, line.length() - 3).strip();
          out.put(line.substring(0, colon), Long.parseLong(number) << 10);
        }
      }
    } catch (IOException e) {
      return out; // it has ended
    }
    return out;
  }

  /** Resident now, in bytes. */
  long now() {
    return fields().getOrDefault("VmRSS", 0L);
  }

  /** The most that ever was, as the system has noted it; 0 where nobody tells. */
  long peak() {
    return fields().getOrDefault("VmHWM", 0L);
  }

  /** How much of it lay in files when the most was seen: the program's own, and messages. */
  synchronized long peakInFiles() {
    return mostInFiles;
  }

  @Override
  public void close() {
    closed = true;
    looking.interrupt();
  }
}
