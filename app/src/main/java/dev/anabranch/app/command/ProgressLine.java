package dev.anabranch.app.command;

import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Units;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Progress;
import java.io.PrintStream;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A bar with round, accuracy, bytes and time left where a person watches, a line a round elsewhere.
 * Safe to call from any thread. Until it is closed, an interrupt makes it say how to go on.
 */
final class ProgressLine implements Runner.Watch, AutoCloseable {
  private static final int WIDTH = 24;

  private final Console console;
  private final Thread interrupted = new Thread(this::sayHowToGoOn, "interrupted");
  private final String goOn;
  private volatile @Nullable Path current;

  ProgressLine(Console console) {
    this(console, "");
  }

  /**
   * @param goOn how to go on after an interrupt; empty: resume the run that was interrupted
   */
  ProgressLine(Console console, String goOn) {
    this.console = console;
    this.goOn = goOn;
    Runtime.getRuntime().addShutdownHook(interrupted);
  }

  private void sayHowToGoOn() {
    var folder = current;
    if (folder != null) {
      console.err().println();
      console
          .err()
          .println(
              "anabranch: interrupted; go on with: "
                  + (goOn.isEmpty() ? "anabranch resume " + folder : goOn));
    }
  }

  @Override
  public void close() {
    Runtime.getRuntime().removeShutdownHook(interrupted);
  }

  @Override
  public Progress start(Path folder, String label, int rounds) {
    current = folder;
    return new Line(console.err(), console.terminal(), label, rounds);
  }

  @Override
  public void note(String text) {
    console.err().println("anabranch: " + text);
  }

  /** One run. */
  private static final class Line implements Progress {
    private final PrintStream to;
    private final boolean terminal;
    private final String label;
    private final int rounds;
    private final long started = System.nanoTime();
    private int firstRound = -1;
    private int visits;
    private int lost;
    private String last = "";

    Line(PrintStream to, boolean terminal, String label, int rounds) {
      this.to = to;
      this.terminal = terminal;
      this.label = label;
      this.rounds = rounds;
    }

    @Override
    public synchronized void visit(int round, NodeId device, boolean isLost) {
      firstRound = firstRound < 0 ? round : firstRound;
      visits++;
      lost += isLost ? 1 : 0;
      if (terminal) {
        draw(round, last);
      }
    }

    @Override
    public synchronized void round(int round, double accuracy, long bytes, double virtualSeconds) {
      firstRound = firstRound < 0 ? round : firstRound;
      last =
          LogWords.standing(accuracy, bytes)
              + ", virtual "
              + Units.seconds(virtualSeconds)
              + (lost == 0 ? "" : ", " + lost + " lost")
              + left(round);
      if (terminal) {
        draw(round + 1, last);
        if (round + 1 == rounds) {
          to.println();
        }
      } else {
        to.println(LogWords.mark(round, rounds) + " " + label + ": " + last);
      }
    }

    /** Time left, by the rounds of this process alone: a resumed run did the others earlier. */
    private String left(int round) {
      int done = round + 1 - firstRound;
      int ahead = rounds - round - 1;
      if (ahead <= 0 || done <= 0) {
        return "";
      }
      double seconds = (System.nanoTime() - started) / 1e9;
      return ", " + Units.seconds(seconds / done * ahead) + " left";
    }

    private void draw(int done, String text) {
      int filled = rounds == 0 ? 0 : Math.min(WIDTH, WIDTH * done / rounds);
      to.print(
          "\r\u001b[K"
              + label
              + " ["
              + "=".repeat(filled)
              + " ".repeat(WIDTH - filled)
              + "] "
              + done
              + (rounds > 0 ? "/" + rounds : "")
              + " rounds, "
              + visits
              + " visits"
              + (text.isEmpty() ? "" : ", " + text));
      to.flush();
    }
  }
}
