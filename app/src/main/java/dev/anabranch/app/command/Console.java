package dev.anabranch.app.command;

import java.io.InputStream;
import java.io.PrintStream;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/**
 * Where a command reads and prints.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether a person watches
 */
public record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {
  /** What time it is, to the second, as notes of daemons begin. */
  static Instant now() {
    return InstantSource.system().instant().truncatedTo(ChronoUnit.SECONDS);
  }

  /** The process's own. */
  @SuppressWarnings("SystemConsoleNull") // a runtime without jdk.internal.le has none
  public static Console system() {
    var console = System.console();
    boolean terminal = console != null && console.isTerminal();
    return new Console(System.in, System.out, System.err, terminal);
  }
}
