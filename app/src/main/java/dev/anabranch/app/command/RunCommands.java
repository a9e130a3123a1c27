package dev.anabranch.app.command;

import dev.anabranch.app.record.RunFolder;
import dev.anabranch.service.OperatorApi;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code submit}, {@code runs}, {@code log}, {@code stop} and {@code pull}. */
final class RunCommands {
  private RunCommands() {}

  /** {@code submit PLAN.yaml}. */
  @Command(name = "submit", description = "Hand a run plan to a coordinator.")
  static final class Submit implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private PlanOptions plan = new PlanOptions();
    @Mixin private Output output = new Output();

    Submit(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      String text;
      try (var session = work.session()) {
        text = plan.read(session.catalog()).toYaml();
      }
      try (var api = operator.api()) {
        var answer = api.submit(text);
        work.console()
            .out()
            .println(
                output.json ? answer : OperatorOptions.cell(OperatorOptions.map(answer), "id"));
        return 0;
      }
    }
  }

  /** {@code runs}. */
  @Command(name = "runs", description = "List the runs of a coordinator, newest first.")
  static final class Runs implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    Runs(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = api.get("/api/v1/runs");
        if (output.json) {
          work.console().out().println(answer);
          return 0;
        }
        var table = new Table("run", "method", "state", "rounds", "submitted", "by");
        for (var run : OperatorOptions.list(OperatorOptions.map(answer), "runs")) {
          table.row(
              OperatorOptions.cell(run, "id"),
              OperatorOptions.cell(run, "method"),
              OperatorOptions.cell(run, "state"),
              OperatorOptions.cell(run, "roundsDone") + "/" + OperatorOptions.cell(run, "rounds"),
              OperatorOptions.time(run, "submittedAt"),
              OperatorOptions.cell(run, "submittedBy"));
          if (run.get("failure") instanceof Map<?, ?> failure) {
            table.row("  " + OperatorOptions.cell(failure, "text"), "", "", "", "", "");
          }
        }
        work.console().out().print(table);
        return 0;
      }
    }
  }

  /** {@code log RUN}. */
  @Command(name = "log", description = "Tell what has happened in a run, line by line.")
  static final class Log implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();

    @Option(names = "--json", description = "Print the lines of log.jsonl as they are.")
    private boolean json;

    @Parameters(paramLabel = "RUN", description = "The run's id.")
    private String run = "";

    @Option(
        names = "--from",
        paramLabel = "LINE",
        defaultValue = "0",
        description = "Leave out the lines of log.jsonl before this one.")
    private long from;

    @Option(names = "--follow", description = "Go on until the run has ended.")
    private boolean follow;

    Log(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      var out = work.console().out();
      var words = new LogWords();
      try (var api = operator.api()) {
        // In words, a line says who and how much by what the ones before it have said.
        api.log(
            run,
            json ? from : 0,
            follow,
            line -> {
              if (json) {
                out.println(line);
              } else {
                words.take(line).filter(text -> words.lines() > from).ifPresent(out::println);
              }
              return !out.checkError();
            });
        return 0;
      }
    }
  }

  /** {@code stop RUN}. */
  @Command(
      name = "stop",
      description = "Stop a run at once; what its last full round has left can be pulled.")
  static final class Stop implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "RUN", description = "The run's id.")
    private String run = "";

    Stop(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = api.post("/api/v1/runs/" + OperatorApi.part(run) + "/stop", "{}");
        var out = work.console().out();
        out.println(
            output.json
                ? answer
                : run + ": " + OperatorOptions.cell(OperatorOptions.map(answer), "state"));
        return 0;
      }
    }
  }

  /** {@code pull RUN}. */
  @Command(name = "pull", description = "Fetch what a run has left.")
  static final class Pull implements Callable<Integer> {
    private final Work work;
    @Mixin private OperatorOptions operator = new OperatorOptions();
    @Mixin private Output output = new Output();

    @Parameters(paramLabel = "RUN", description = "The run's id.")
    private String run = "";

    @Option(
        names = "--output",
        paramLabel = "DIR",
        description = "Where to; must be new or empty (default: runs/RUN).")
    private @Nullable Path folder;

    Pull(Work work) {
      this.work = work;
    }

    @Override
    public Integer call() {
      try (var api = operator.api()) {
        var answer = OperatorOptions.map(api.get("/api/v1/runs/" + OperatorApi.part(run)));
        var names = new ArrayList<String>();
        OperatorOptions.list(answer, "files")
            .forEach(file -> names.add(OperatorOptions.cell(file, "name")));
        var to = RunFolder.reserve(folder == null ? Path.of("runs", run) : folder);
        names.forEach(name -> api.fetch(run, name, to.resolve(name)));
        var out = work.console().out();
        out.println(
            output.json
                ? dev.anabranch.app.record.Json.compact(
                    Map.of("folder", to.toString(), "files", List.copyOf(names)))
                : to.toString());
        return 0;
      }
    }
  }
}
