package dev.anabranch.app.command;

import dev.anabranch.app.record.Json;
import dev.anabranch.app.run.TrainedRun;
import dev.anabranch.app.run.Wiring;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code export RUN}. */
@Command(
    name = "export",
    description =
        "Write what a run has trained as a folder that other programs read: an adapter of Hugging"
            + " Face PEFT, or the whole model with the trained weights in it. Its README.md says"
            + " how to load it.")
final class ExportCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private Output output = new Output();

  @Parameters(paramLabel = "RUN", description = "The folder of the run.")
  private Path run = Path.of("");

  @Option(
      names = "--to",
      paramLabel = "FORM",
      required = true,
      description = "${COMPLETION-CANDIDATES}: an adapter, or the whole model.")
  private Wiring.Form form = Wiring.Form.PEFT;

  @Option(
      names = "--output",
      paramLabel = "FOLDER",
      description = "Where to; new or empty. By default a folder named after the form in RUN.")
  private @Nullable Path folder;

  ExportCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    var name = form.name().toLowerCase(Locale.ROOT);
    var to = folder == null ? run.resolve(name) : folder;
    try (var session = work.session()) {
      var trained = TrainedRun.open(session, run);
      empty(to);
      session.wiring().export(trained, form, to);
    }
    if (output.json) {
      var out = new LinkedHashMap<String, Object>();
      out.put("run", run.toString());
      out.put("form", name);
      out.put("folder", to.toString());
      work.console().out().println(Json.compact(out));
    } else {
      work.console().out().println(name + ": " + to);
    }
    return 0;
  }

  private static void empty(Path folder) {
    try {
      Files.createDirectories(folder);
      try (var files = Files.list(folder)) {
        if (files.findAny().isPresent()) {
          throw AnabranchException.expected(
              Failure.USAGE, "--output", folder + ": not empty", "a folder that is new or empty");
        }
      }
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE,
          "--output: " + folder + ": " + e + " (expected: a folder that can be written)",
          e);
    }
  }
}
