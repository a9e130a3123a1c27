package dev.anabranch.benchmarks;

import dev.anabranch.app.record.Json;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.service.OperatorApi;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * A coordinator's daemon in a process of its own, as {@code anabranch coordinator} runs it, and
 * many devices in a few others, over TLS on the loopback. Belongs to one thread.
 */
final class Federated implements AutoCloseable {
  private static final String HOST = "127.0.0.1";
  private static final InstantSource CLOCK = InstantSource.system();
  private static final long TICK_MILLIS = 1000;

  /** The heap of {@code anabranch coordinator}: it grows with what is in it, not with garbage. */
  static final String HEAP = "-Xmx1g -Xms64m -Xmn32m";

  private final Path folder;
  private final Process coordinator;
  private final List<Process> devices = new ArrayList<>();
  private final List<BufferedReader> answers = new ArrayList<>();
  private final OperatorApi api;
  private final WatchedMemory memory;

  /**
   * @param flags of the coordinator's process, as the command has them
   * @param processes that devices share
   */
  Federated(String flags, int processes) {
    try {
      folder = Files.createTempDirectory(Path.of("target").toAbsolutePath(), "federated");
      var home = folder.resolve("coordinator");
      var settings =
          new CoordinatorSettings(List.of(HOST), HOST, freePort(), "", Duration.ofDays(1), 1);
      var operator = CoordinatorDaemon.init(home, settings, CLOCK);
      coordinator = java(CoordinatorProcess.class, flags, home.toString());
      if (coordinator.inputReader(StandardCharsets.UTF_8).readLine() == null) {
        throw new IllegalStateException("the coordinator has not started");
      }
      memory = new WatchedMemory(coordinator.pid());
      api = OperatorApi.open(operator, CLOCK);
      for (int i = 0; i < processes; i++) {
        var process = java(DevicesProcess.class, "-Xmx2g", folder.resolve("devices").toString());
        devices.add(process);
        answers.add(process.inputReader(StandardCharsets.UTF_8));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts a class of this program as the command is started, but for its heap. */
  private static Process java(Class<?> main, String flags, String argument) throws IOException {
    var command = new ArrayList<String>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
        .filter(flag -> !flag.startsWith("-Xmx"))
        .forEach(command::add);
    command.addAll(List.of(flags.split(" ", -1)));
    command.addAll(List.of("-cp", System.getProperty("java.class.path")));
    command.addAll(List.of(main.getName(), argument));
    var builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    builder.environment().put("GLIBC_TUNABLES", "glibc.malloc.hugetlb=1");
    return builder.start();
  }

  private static int freePort() throws IOException {
    try (var any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    }
  }

  /** The coordinator's memory. */
  WatchedMemory memory() {
    return memory;
  }

  private static String name(int device) {
    return Row.text("d%05d", device);
  }

  private void tell(int device, String line) throws IOException {
    var out = devices.get(device % devices.size()).outputWriter(StandardCharsets.UTF_8);
    out.write(line + "\n");
    out.flush();
  }

  /** Enrols so many devices, each with a token of its own, a key and a certificate. */
  void enrol(int count) {
    try {
      for (int i = 0; i < count; i++) {
        var answer =
            api.post(
                "/api/v1/enrolments",
                Json.compact(Map.of("name", name(i), "role", "device", "expiresInSeconds", 3600)));
        var token = Json.object(Path.of("answer"), answer).get("token");
        tell(i, "enrol " + name(i) + " " + token);
      }
      for (int i = 0; i < count; i++) {
        if (answers.get(i % answers.size()).readLine() == null) {
          throw new IllegalStateException("a process of devices has ended");
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Lets them attend, and waits until all do. */
  void attend(int count) {
    try {
      for (int i = 0; i < count; i++) {
        tell(i, "attend " + name(i));
      }
      while (attending() < count) {
        pause();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void pause() {
    for (var process : IntStream.range(0, devices.size()).mapToObj(devices::get).toList()) {
      if (!process.isAlive()) {
        throw new IllegalStateException("a process of devices has ended");
      }
    }
    if (!coordinator.isAlive()) {
      throw new IllegalStateException("the coordinator has ended");
    }
    try {
      Thread.sleep(TICK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** How many attend. */
  long attending() {
    return Json.object(Path.of("answer"), api.get("/api/v1/devices")).get("devices")
            instanceof List<?> all
        ? all.stream()
            .filter(one -> one instanceof Map<?, ?> d && "attending".equals(d.get("state")))
            .count()
        : 0;
  }

  /** Runs an average of so many bytes by the first devices, to its end; gives its weights. */
  String run(int rounds, int count, long bytes) {
    var plan = new CoordinatorProcess.Numbers(rounds, count, bytes).text();
    var id = String.valueOf(Json.object(Path.of("answer"), api.submit(plan)).get("id"));
    while (true) {
      var run = Json.object(Path.of("answer"), api.get("/api/v1/runs/" + id));
      var state = String.valueOf(run.get("state"));
      if (state.equals("failed") || state.equals("stopped")) {
        throw new IllegalStateException("run: " + run);
      }
      if (state.equals("completed")) {
        break;
      }
      pause();
    }
    try {
      var record = folder.resolve("coordinator").resolve("runs").resolve(id);
      return Files.readString(record.resolve("weights.sha256"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() {
    memory.close();
    api.close();
    devices.forEach(Federated::end);
    end(coordinator);
    try (var files = Files.walk(folder)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void end(Process process) {
    process.destroyForcibly();
    try {
      process.waitFor();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
