package dev.anabranch.app.command;

import java.io.InputStream;
import java.io.PrintStream;

/**
 * Where a command reads and prints.
 *
 * @param out results
 * @param err progress and errors
 * @param terminal whether a person watches
 */
public record Console(InputStream in, PrintStream out, PrintStream err, boolean terminal) {
  /** The process's own. */
  public static Console system() {
    boolean terminal = System.console() instanceof java.io.Console c && c.isTerminal();
    return new Console(System.in, System.out, System.err, terminal);
  }
}
