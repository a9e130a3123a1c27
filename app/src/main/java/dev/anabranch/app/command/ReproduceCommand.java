package dev.anabranch.app.command;

import dev.anabranch.app.papers.Papers;
import dev.anabranch.app.papers.Reproduction;
import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code reproduce METHOD}. */
@Command(
    name = "reproduce",
    description = "Run the plans of a paper and hold its published claims against what comes out.")
final class ReproduceCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "METHOD", description = "A folder of papers, as sfprompt.")
  private String method = "";

  @Option(names = "--quick", description = "Small plans that take minutes.")
  private boolean quick;

  @Option(
      names = "--set",
      paramLabel = "key=value",
      description = "Set a key anew in every plan, as --set method.rounds=4. May be repeated.")
  private List<String> overrides = new ArrayList<>();

  @Option(
      names = "--seeds",
      paramLabel = "N",
      description =
          "Repeat with N seeds, counted up from the plans'; by default as claims.yaml says.")
  private @Nullable Integer seeds;

  @Option(
      names = "--plans",
      paramLabel = "NAME",
      split = ",",
      description =
          "Run only these plans of claims.yaml, as --plans 'decoder-*'; claims on others are judged"
              + " if those have run before.")
  private List<String> only = new ArrayList<>();

  @Option(
      names = "--data",
      paramLabel = "FOLDER",
      description = "Takes the place of datasets and models in the paths of plans.")
  private @Nullable Path data;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      description =
          "Where runs and report go (default: runs/reproduce-METHOD, with --quick"
              + " runs/reproduce-METHOD-quick). What has run there with the same plan is not run"
              + " again.")
  private @Nullable Path folder;

  @Option(names = "--again", description = "Run everything again, also what has run.")
  private boolean again;

  @Option(
      names = "--papers",
      paramLabel = "FOLDER",
      description = "The folder of papers (default: that of the clone).")
  private @Nullable Path papers;

  ReproduceCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    var claims = Papers.at(papers).claims(method);
    if (seeds != null && (seeds < 1 || seeds > 1000)) {
      throw AnabranchException.expected(Failure.USAGE, "--seeds", seeds, "1 to 1000");
    }
    if (data != null && !Files.isDirectory(data)) {
      throw AnabranchException.expected(
          Failure.USAGE, "--data", data, "a folder with a folder for each data set");
    }
    var to =
        folder != null ? folder : Path.of("runs", "reproduce-" + method + (quick ? "-quick" : ""));
    var reproduction =
        new Reproduction(claims, quick, overrides, seeds == null ? 0 : seeds, data, again, only);
    try (var session = work.session();
        var progress = new ProgressLine(work.console(), "the same command")) {
      var result = reproduction.carryOut(session, to, progress);
      var out = work.console().out();
      if (output.json) {
        out.println(Json.compact(result.toMap()));
      } else {
        out.print(new Reproduced(result).text());
      }
      return 0;
    }
  }
}
