package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.Classifier;
import dev.anabranch.app.run.Generator;
import dev.anabranch.app.run.TrainedRun;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Sampling;
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
import java.util.function.Consumer;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code predict RUN}. */
@Command(
    name = "predict",
    description =
        "Classify lines of standard input with what a run has trained, or continue them with a"
            + " language model. Prints the likeliest label, a tab and its probability; or the"
            + " continuation, its line breaks as \\n. After training on pairs, a line to classify"
            + " is two texts with a tab between them.")
final class PredictCommand implements Callable<Integer> {
  private static final int BATCH = 32;

  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "RUN", description = "The folder of the run.")
  private Path run = Path.of("");

  @ArgGroup(exclusive = false, heading = "%nFor a language model:%n")
  private Telling telling = new Telling();

  /** How a language model goes on. */
  private static final class Telling {
    @Option(
        names = "--new-tokens",
        paramLabel = "N",
        description = "At most so many new tokens, 1 to 100000 (default 64).")
    private int newTokens = 64;

    @Option(
        names = "--temperature",
        paramLabel = "T",
        description = "Divides the scores; 0 takes the likeliest token (default 0).")
    private double temperature;

    @Option(
        names = "--top-p",
        paramLabel = "P",
        description = "Draw from the likeliest tokens with this share (default 1).")
    private double topP = 1;

    @Option(names = "--seed", paramLabel = "N", description = "Of what is drawn (default 0).")
    private long seed;
  }

  PredictCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    if (telling.newTokens < 1 || telling.newTokens > 100_000) {
      throw AnabranchException.expected(
          Failure.USAGE, "--new-tokens", telling.newTokens, "1 to 100000");
    }
    var sampling = new Sampling(telling.temperature, telling.topP);
    try (var session = work.session()) {
      var trained = TrainedRun.open(session, run);
      if (trained.plan().languageModel()) {
        try (var model =
            Generator.open(session, trained, sampling, telling.newTokens, telling.seed)) {
          answer(lines -> model.generate(lines).forEach(this::print));
        }
      } else {
        try (var model = Classifier.open(session, trained)) {
          answer(lines -> model.classify(lines).forEach(this::print));
        }
      }
      return 0;
    }
  }

  private void answer(Consumer<List<String>> model) {
    var in = new InputStreamReader(work.console().in(), StandardCharsets.UTF_8);
    try (var reader = new BufferedReader(in)) {
      for (var lines = next(reader); !lines.isEmpty(); lines = next(reader)) {
        model.accept(lines);
        work.console().out().flush();
      }
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

  private void print(Generator.Answer answer) {
    work.console()
        .out()
        .println(
            output.json
                ? Json.compact(answer)
                : answer.continuation().replace("\n", "\\n").replace("\r", "\\r"));
  }
}
