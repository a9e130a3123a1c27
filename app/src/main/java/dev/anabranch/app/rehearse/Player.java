package dev.anabranch.app.rehearse;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One process of a rehearsal: started, killed, stopped, started again. Thread-safe. */
final class Player implements AutoCloseable {
  private static final String MAIN = "dev.anabranch.app.Anabranch";

  private final String name;
  private final List<String> command;
  private final Path output;
  private @Nullable Process process;

  /**
   * @param arguments of the {@code anabranch} command
   * @param output where it prints
   */
  Player(String name, List<String> arguments, Path output) {
    this.name = name;
    this.command = new ArrayList<>(launcher());
    command.addAll(arguments);
    this.output = output;
  }

  /** How this process itself was started, up to its main class. */
  private static List<String> launcher() {
    var out = new ArrayList<String>();
    out.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    out.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    out.add("-cp");
    out.add(System.getProperty("java.class.path"));
    var main = Objects.requireNonNullElse(System.getProperty("sun.java.command"), MAIN);
    out.add(main.replaceFirst("(?s) .*", ""));
    return out;
  }

  String name() {
    return name;
  }

  synchronized void start() {
    try {
      Files.createDirectories(output.toAbsolutePath().getParent());
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()))
              .start();
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.ENVIRONMENT,
          "process of " + name + ": " + e.getMessage() + " (expected: one that starts)",
          e);
    }
  }

  /** {@code kill -9}, and waits until it is dead. */
  synchronized void kill() {
    var running = process;
    if (running != null) {
      running.destroyForcibly();
      join(running);
      process = null;
    }
  }

  /** Sends a signal by its name. */
  synchronized void signal(String signal) {
    var running = process;
    if (running == null) {
      return;
    }
    try {
      var kill =
          new ProcessBuilder("kill", "-" + signal, Long.toString(running.pid()))
              .inheritIO()
              .start();
      join(kill);
      if (kill.exitValue() != 0) {
        throw AnabranchException.expected(
            Failure.ENVIRONMENT, "kill -" + signal, "code " + kill.exitValue(), "0");
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.ENVIRONMENT, "kill: " + e.getMessage() + " (expected: the command kill)", e);
    }
  }

  private static void join(Process process) {
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** Its exit code, if it has ended by itself. */
  synchronized @Nullable Integer ended() {
    return process == null || process.isAlive() ? null : process.exitValue();
  }

  /** The last line that it printed, for a message. */
  String lastWords() {
    try {
      var lines = Files.readString(output, StandardCharsets.UTF_8).strip().lines().toList();
      return lines.isEmpty() ? "it said nothing" : lines.getLast();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path output() {
    return output;
  }

  /** Asks it to end; {@link #close} waits for that. */
  synchronized void end() {
    var running = process;
    if (running != null) {
      running.destroy();
    }
  }

  @Override
  public void close() {
    end();
    Process running;
    synchronized (this) {
      running = process;
      process = null;
    }
    if (running == null) {
      return;
    }
    try {
      if (!running.waitFor(3, TimeUnit.SECONDS)) {
        running.destroyForcibly();
      }
    } catch (InterruptedException e) {
      running.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
