package dev.anabranch.service;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.RunLock;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.service.internal.Assembly;
import dev.anabranch.service.internal.Folder;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.function.Consumer;

/**
 * The coordinator as it runs in a data centre: one port, a database, and the runs. Thread-safe;
 * closing twice is allowed.
 */
public final class CoordinatorDaemon implements AutoCloseable {
  private final Deque<AutoCloseable> parts = new ArrayDeque<>();
  private final String url;

  private CoordinatorDaemon(String url) {
    this.url = url;
  }

  /**
   * How one start differs from the next.
   *
   * @param port below 0: the one of the settings
   * @param insecure unencrypted, on the loopback alone
   * @param acceptRestored whether a database that is older than it should be is taken as it is
   * @param notes told what happens, a line at a time
   */
  public record Start(
      int port,
      boolean insecure,
      boolean acceptRestored,
      InstantSource clock,
      Consumer<String> notes) {}

  /** Makes what carries out runs, once it is known who attends. */
  public interface Maker {
    RunExecutor executor(AgentDirectory agents, Attendance attendance);
  }

  /**
   * Makes a coordinator's folder: authority, settings, database, and an admin's token.
   *
   * @return the file that describes the admin's connection
   */
  public static Path init(Path folder, CoordinatorSettings settings, InstantSource clock) {
    var made = new Folder(folder);
    made.init(settings, clock);
    return made.operatorFile();
  }

  /** Starts a coordinator, which goes on with the runs that had not ended. */
  public static CoordinatorDaemon start(Path path, Start start, Maker maker) {
    var folder = new Folder(path);
    var settings = folder.settings();
    if (start.insecure()) {
      requireLoopback(settings.bind());
    }
    var assembly = new Assembly(folder, settings, start);
    var parts = new ArrayDeque<AutoCloseable>();
    try {
      parts.push(RunLock.take(folder.path()));
      assembly.open(parts, maker);
      var daemon = new CoordinatorDaemon(assembly.url());
      daemon.parts.addAll(parts);
      return daemon;
    } catch (RuntimeException e) {
      closeAll(parts);
      throw e;
    }
  }

  private static void requireLoopback(String bind) {
    try {
      if (InetAddress.getByName(bind).isLoopbackAddress()) {
        return;
      }
    } catch (UnknownHostException e) {
      // told below
    }
    throw AnabranchException.expected(
        Failure.USAGE,
        "--insecure",
        "with " + bind,
        "a loopback address, as 127.0.0.1: without TLS whoever is on the line reads and changes"
            + " everything");
  }

  /** Where operators and devices reach it. */
  public String url() {
    return url;
  }

  private static void closeAll(Deque<AutoCloseable> parts) {
    RuntimeException failure = null;
    while (!parts.isEmpty()) {
      try {
        parts.pop().close();
      } catch (Exception e) { // the others are closed all the same, and then it is told
        var told = e instanceof RuntimeException known ? known : new IllegalStateException(e);
        if (failure == null) {
          failure = told;
        } else {
          failure.addSuppressed(told);
        }
      }
    }
    if (failure != null) {
      throw failure;
    }
  }

  @Override
  public void close() {
    closeAll(parts);
  }
}
