package dev.anabranch.app.command;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.rehearse.Fault;
import dev.anabranch.app.rehearse.Rehearsal;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code rehearse PLAN.yaml}. */
@Command(
    name = "rehearse",
    description =
        "Carry out a run plan with real processes on this machine, with faults, and compare the"
            + " result with that of 'run'.")
final class RehearseCommand implements Callable<Integer> {
  private final Work work;
  @Mixin private PlanOptions plan = new PlanOptions();
  @Mixin private Output output = new Output();

  @Option(
      names = "--devices",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "Processes that play the devices of the plan between them, 1 to 64 (default: 3). Process"
              + " K plays device K - 1 and every N-th after it.")
  private int devices = 3;

  @Option(
      names = "--fault",
      paramLabel = "FAULT",
      description = {
        "What befalls a process when a round is in progress; rounds and processes count from 1. May"
            + " be repeated.",
        "  kill-coordinator@2, kill-body@2, kill-device-1@2: kill -9, and started again",
        "  stop-coordinator@2:60s and so on: stopped for so long",
        "  cut-link-1@2:20s, cut-body@2:20s: its line is cut for so long",
        "  kill-body@2+350ms and so on: so long after the round has begun"
      })
  private List<String> faults = new ArrayList<>();

  @Option(
      names = "--chaos",
      paramLabel = "N",
      defaultValue = "0",
      description =
          "Draw so many faults from the plan's seed, 0 to 1000, and print them as --fault options"
              + " (default: 0).")
  private int chaos;

  @Option(
      names = "--deadline",
      paramLabel = "SECONDS",
      defaultValue = "120",
      description = "A visit without progress for so long is lost, 1 to 86400 (default: 120).")
  private long deadline = 120;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "The rehearsal's folder; must be new or empty (default: in runs).")
  private @Nullable Path folder;

  RehearseCommand(Work work) {
    this.work = work;
  }

  @Override
  public Integer call() {
    require("--devices", devices, 1, 64);
    require("--deadline", deadline, 1, 86_400);
    require("--chaos", chaos, 0, 1000);
    var parsed = faults.stream().map(Fault::parse).toList();
    var console = work.console();
    try (var session = work.session();
        var progress = new ProgressLine(console)) {
      var read = plan.read(session.catalog());
      new Estimator(session).require(read);
      var place =
          folder == null
              ? RunFolder.reserve(Path.of("runs"), read.name() + "-rehearsal", Instant.now())
              : RunFolder.reserve(folder);
      var rehearsal =
          new Rehearsal(
              read,
              devices,
              parsed,
              chaos,
              place.toAbsolutePath(),
              Duration.ofSeconds(deadline),
              line -> console.err().println("rehearsal: " + line));
      if (chaos > 0) {
        rehearsal.faults().forEach(fault -> console.err().println("--fault " + fault.text()));
      }
      var result = rehearsal.run(session, progress);
      print(result);
      if (!result.sound()) {
        throw AnabranchException.expected(
            Failure.UNEQUAL,
            "weightsSha256 of the rehearsal",
            result.rehearsed(),
            result.local() + ", as on the local fabric; lost visits: " + result.lost());
      }
      return 0;
    }
  }

  private static void require(String option, long value, long least, long most) {
    if (value < least || value > most) {
      throw AnabranchException.expected(Failure.USAGE, option, value, least + " to " + most);
    }
  }

  private void print(Rehearsal.Result result) {
    var out = work.console().out();
    if (output.json) {
      out.println(Json.compact(result.toMap()));
      return;
    }
    var table = new Table("run", "weightsSha256");
    table.row("rehearsed", result.rehearsed());
    table.row("local", result.local());
    out.print(table);
    out.println();
    for (var struck : result.struck()) {
      out.println("fault " + struck.fault() + ": struck in round " + struck.round());
    }
    out.println(
        verdict(result)
            + " after "
            + result.rounds()
            + " rounds, "
            + result.lost()
            + " visits lost");
    out.println("folder: " + result.folder());
  }

  private static String verdict(Rehearsal.Result result) {
    if (result.equal()) {
      return "equal";
    }
    return result.byCost()
        ? "not equal, and need not be: this method decides by what visits took, which is wall time"
            + " between processes and virtual time in 'run';"
        : "NOT equal";
  }
}
