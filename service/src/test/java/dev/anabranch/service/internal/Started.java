package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.FileRunLog;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.service.OperatorApi;
import dev.anabranch.service.RunExecutor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A whole coordinator on the loopback, whose runs count to the number that their plan holds. */
final class Started implements AutoCloseable {
  final Path folder;
  final CoordinatorDaemon daemon;
  final Counting fabric;
  final List<String> notes;

  private Started(Path folder, CoordinatorDaemon daemon, Counting fabric, List<String> notes) {
    this.folder = folder;
    this.daemon = daemon;
    this.fabric = fabric;
    this.notes = notes;
  }

  static CoordinatorSettings settings(String database) {
    return new CoordinatorSettings(
        List.of("127.0.0.1", "localhost"), "127.0.0.1", 0, database, Duration.ofDays(90), 1);
  }

  static Started fresh(Path folder) {
    CoordinatorDaemon.init(folder, settings(""), InstantSource.system());
    return again(folder, false);
  }

  static Started again(Path folder, boolean insecure) {
    return again(folder, insecure, false);
  }

  static Started again(Path folder, boolean insecure, boolean restored) {
    return again(folder, insecure, restored, InstantSource.system());
  }

  static Started again(Path folder, boolean insecure, boolean restored, InstantSource clock) {
    var fabric = new Counting();
    var notes = new CopyOnWriteArrayList<String>();
    var start = new CoordinatorDaemon.Start(-1, insecure, restored, clock, notes::add);
    return new Started(folder, CoordinatorDaemon.start(folder, start, fabric), fabric, notes);
  }

  OperatorApi admin() {
    return OperatorApi.open(folder.resolve("operator.json"), InstantSource.system());
  }

  @Override
  public void close() {
    daemon.close();
  }

  /** A plan is {@code name rounds}; a run of it appends one line a round and waits to be let on. */
  static final class Counting implements CoordinatorDaemon.Maker, RunExecutor {
    final CountDownLatch go = new CountDownLatch(1);
    final CountDownLatch begun = new CountDownLatch(1);
    final List<String> kept = new CopyOnWriteArrayList<>();
    volatile @Nullable String told;
    @Nullable AgentDirectory agents;
    private volatile @Nullable Thread thread;
    private volatile @Nullable String going;

    @Override
    public RunExecutor executor(AgentDirectory directory, Attendance attendance) {
      agents = directory;
      return this;
    }

    @Override
    public Checked check(String plan, List<Attending> attending) {
      var words = plan.split(" ");
      if (words.length != 2) {
        throw AnabranchException.expected(Failure.PLAN, "plan", plan, "a name and a number");
      }
      return new Checked(words[0], "counting", Integer.parseInt(words[1]), 1, plan);
    }

    @Override
    public void carryOut(Task task) throws InterruptedException {
      thread = Thread.currentThread();
      going = task.id();
      if (task.stopping() != null) {
        throw new InterruptedException(task.stopping());
      }
      try {
        Files.createDirectories(task.folder());
        int rounds = Integer.parseInt(task.plan().split(" ")[1]);
        try (var log = new FileRunLog(task.folder().resolve("log.jsonl"))) {
          log.append("run", -1, Map.of("name", task.id()));
          task.assign(Map.of("device 0", "ward-1"));
          task.visit(0, 0, 1, "ward-1", "working", null);
          begun.countDown();
          go.await();
          var seen = new ArrayList<Integer>();
          for (int round = 0; round < rounds; round++) {
            seen.add(round);
            log.append("round", round, Map.of("cohort", seen));
            task.roundDone(round);
          }
          if (rounds == 13) {
            throw new OutOfMemoryError("native memory: 1 GiB");
          }
        }
        Files.writeString(task.folder().resolve("summary.json"), "{\"rounds\":" + rounds + "}");
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }

    @Override
    public void stop(String run, String why) {
      var at = thread;
      if (at != null && run.equals(going)) {
        told = why;
        at.interrupt();
      }
    }

    @Override
    public void keep(Task task) {
      kept.add(task.id());
    }

    @Override
    public void report(List<Path> runs, Path page) {
      try {
        Files.writeString(page, "<p>" + runs.size() + " runs</p>");
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }
}
