package dev.anabranch.service.internal;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.RunExecutor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Carries out runs by writing logs of real runs again, line by line, as far as a test lets it. A
 * plan is the name of a {@link Sample}.
 */
final class Replaying implements CoordinatorDaemon.Maker, RunExecutor {
  /** One for each line that may be written. */
  final Semaphore lines = new Semaphore(0);

  private volatile @Nullable Thread thread;

  @Override
  public RunExecutor executor(AgentDirectory directory, Attendance attendance) {
    return this;
  }

  @Override
  public Checked check(String plan, List<Attending> agents) {
    var sample = Sample.of(plan);
    return new Checked(
        "spam-across-mailboxes",
        sample.summary().path("method").asText(),
        sample.summary().path("rounds").asInt(),
        sample.summary().path("devices").asInt(),
        plan);
  }

  @Override
  public void carryOut(Task task) throws InterruptedException {
    thread = Thread.currentThread();
    var sample = Sample.of(task.plan());
    var log = task.folder().resolve("log.jsonl");
    try {
      Files.createDirectories(task.folder());
      task.assign(Map.of("device 0", "device-1"));
      long done = 0; // a run that goes on, goes on where its log ends
      if (Files.exists(log)) {
        try (var there = Files.lines(log)) {
          done = there.count();
        }
      }
      for (var line : sample.lines().subList((int) done, sample.lines().size())) {
        lines.acquire();
        Files.writeString(log, line + "\n", StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        follow(task, line);
      }
      if (task.plan().equals("full")) {
        throw AnabranchException.expected(Failure.QUORUM, "round 8", "1 of 5 visits", "at least 3");
      }
      Files.writeString(
          task.folder().resolve("summary.json"),
          sample.summary().toString(),
          StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void follow(Task task, String line) throws IOException {
    var event = Sample.JSON.readTree(line);
    int round = event.path("round").asInt();
    int device = event.path("device").asInt();
    switch (event.path("kind").asText()) {
      case "checkpoint" -> task.roundDone(round);
      case "attempt" ->
          task.visit(
              round,
              device,
              event.path("attempt").asInt(),
              null,
              event.path("state").asText(),
              event.path("reason").textValue());
      default -> {
        // The store knows of rounds and visits alone.
      }
    }
  }

  @Override
  public void stop(String run, String why) {
    Optional.ofNullable(thread).ifPresent(Thread::interrupt);
  }

  @Override
  public void keep(Task task) {}

  @Override
  public void report(List<Path> runs, Path page) {
    throw new UnsupportedOperationException();
  }
}
