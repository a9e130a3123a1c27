package dev.anabranch.benchmarks;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.FileRunLog;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.fabrics.grpc.GrpcFabric;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.RunExecutor;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.TreeMap;

/**
 * A coordinator's daemon whose runs are {@link WideAverage}. Its plans are three numbers: rounds,
 * devices, bytes. Ends when its input does.
 */
final class CoordinatorProcess {
  private static final Duration DEADLINE = Duration.ofMinutes(5);

  private CoordinatorProcess() {}

  /** Its argument is the coordinator's folder; prints its address. */
  public static void main(String... args) throws IOException {
    var start =
        new CoordinatorDaemon.Start(-1, false, false, InstantSource.system(), System.err::println);
    try (var daemon = CoordinatorDaemon.start(Path.of(args[0]), start, Averages::new)) {
      System.out.println(daemon.url());
      while (System.in.read() >= 0) {
        continue;
      }
    }
  }

  /** A plan. */
  record Numbers(int rounds, int devices, long bytes) {
    static Numbers read(String plan) {
      var words = plan.strip().split(" ", -1);
      return new Numbers(
          Integer.parseInt(words[0]), Integer.parseInt(words[1]), Long.parseLong(words[2]));
    }

    String text() {
      return rounds + " " + devices + " " + bytes;
    }
  }

  private record Averages(AgentDirectory agents, Attendance attendance) implements RunExecutor {
    @Override
    public Checked check(String plan, List<Attending> all) {
      var numbers = Numbers.read(plan);
      return new Checked("wide", "wide-average", numbers.rounds, numbers.devices, plan);
    }

    @Override
    public void carryOut(Task task) {
      var numbers = Numbers.read(task.plan());
      var names = agents.attending().stream().map(Attending::name).sorted().toList();
      var nodes = new TreeMap<String, String>();
      for (int i = 0; i < numbers.devices; i++) {
        nodes.put("device " + i, names.get(i));
      }
      task.assign(nodes);
      var settings =
          new GrpcFabric.Settings(
              task.id(),
              numbers.text(),
              names.subList(0, numbers.devices),
              null,
              task.folder().resolve("spool"),
              DEADLINE);
      var method = WideAverage.coordinator(numbers.rounds, numbers.devices, numbers.bytes);
      try (var engine = ToyEngine.small(1);
          var log = new FileRunLog(Files.createDirectories(task.folder()).resolve("log.jsonl"))) {
        var checkpoints =
            new FileCheckpoints(task.folder().resolve("checkpoints"), log, note -> {});
        var job =
            ToyJob.of(engine, numbers.devices)
                .withEvaluateEvery(-1)
                .withLog(log)
                .withCheckpoints(checkpoints)
                .job(method.use(engine.facts()));
        var outcome = new GrpcFabric(attendance, settings).run(method, job);
        if (outcome.lost() > 0) {
          throw new IllegalStateException("visits lost: " + outcome.lost() + " (expected: 0)");
        }
        Files.writeString(task.folder().resolve("weights.sha256"), outcome.trained().sha256());
      } catch (IOException e) {
        throw new java.io.UncheckedIOException(e);
      }
    }

    @Override
    public void stop(String run, String why) {
      attendance.stop(run, new AnabranchException(Failure.STOPPED, why));
    }

    @Override
    public void keep(Task task) {} // nobody fetches what a measurement leaves

    @Override
    public void report(List<Path> runs, Path page) {
      throw new UnsupportedOperationException("no report of a measurement");
    }
  }
}
