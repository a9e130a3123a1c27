package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Classifier;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code predict RUN}. */
@Command(
    name = "predict",
    description =
        "Classify lines of standard input with what a run has trained. Prints the likeliest label,"
            + " a tab and its probability. After training on pairs, a line is two texts with a tab"
            + " between them.")
final class PredictCommand implements Callable<Integer> {
  private static final int BATCH = 32;

  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "RUN", description = "The folder of the run.")
  private Path run = Path.of("");

  PredictCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    try (var session = work.session();
        var classifier = Classifier.open(session, run);
        var in =
            new BufferedReader(
                new InputStreamReader(work.console().in(), StandardCharsets.UTF_8))) {
      for (var lines = next(in); !lines.isEmpty(); lines = next(in)) {
        classifier.classify(lines).forEach(this::print);
        work.console().out().flush();
      }
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As many lines as are there, so that a person who types sees each answer. */
  private static List<String> next(BufferedReader in) throws IOException {
    var lines = new ArrayList<String>();
    do {
      var line = in.readLine();
      if (line == null) {
        break;
      }
      lines.add(line);
    } while (lines.size() < BATCH && in.ready());
    return lines;
  }

  private void print(Classifier.Answer answer) {
    work.console()
        .out()
        .println(
            output.json
                ? Json.compact(answer)
                : String.format(Locale.ROOT, "%s\t%.4f", answer.label(), answer.probability()));
  }
}
