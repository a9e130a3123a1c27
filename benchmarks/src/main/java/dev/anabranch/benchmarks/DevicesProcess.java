package dev.anabranch.benchmarks;

import dev.anabranch.fabrics.grpc.Agent;
import dev.anabranch.fabrics.grpc.AgentPort;
import dev.anabranch.fabrics.grpc.LightAgents;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.fabrics.grpc.Wired;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Many devices in one process, each with an identity of its own, and attending over a connection of
 * its own. Its argument is the folder of all; its input says {@code enrol NAME TOKEN} or {@code
 * attend NAME}. Ends when its input does, and with 1 if a device fails.
 */
final class DevicesProcess {
  private static final int AT_ONCE = 8;
  private static final InstantSource CLOCK = InstantSource.system();

  private final Path folder;
  private final ToyEngine engine = ToyEngine.small(2);
  private final Map<String, WideAverage> methods = new ConcurrentHashMap<>();
  private final Map<String, Agent> agents = new ConcurrentHashMap<>();

  private DevicesProcess(Path folder) {
    this.folder = folder;
  }

  /** Does what its input says, some of it at once. */
  public static void main(String... args) throws IOException, InterruptedException {
    var process = new DevicesProcess(Path.of(args[0]));
    var free = new Semaphore(AT_ONCE);
    var input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (var line = input.readLine(); line != null; line = input.readLine()) {
      var words = line.split(" ", -1);
      free.acquire();
      Thread.ofPlatform()
          .start(() -> {
            process.one(words);
            free.release();
          });
    }
    System.exit(0);
  }

  private void one(String... words) {
    try {
      var home = folder.resolve(words[1]);
      if (words[0].equals("enrol")) {
        AgentIdentity.enrol(home, words[2], CLOCK);
        System.out.println("enrolled " + words[1]);
      } else {
        agents.put(words[1], attend(home));
      }
    } catch (RuntimeException | Error e) {
      System.err.println(words[1] + ": " + e);
      System.exit(1);
    }
  }

  private Agent attend(Path home) {
    var identity = AgentIdentity.open(home);
    int colon = identity.coordinator().lastIndexOf(':');
    var duty =
        new AgentPort.Duty(
            (run, plan) -> wire(plan), home.resolve("memories"), SentLog.NONE, note -> {});
    return LightAgents.attend(
        new AgentPort.Address(
            identity.coordinator().substring(0, colon),
            Integer.parseInt(identity.coordinator().substring(colon + 1))),
        identity.key(),
        identity.certificate(),
        identity.authority(),
        duty);
  }

  /** All devices of this process send the one update of a plan. */
  private Wired wire(String plan) {
    var numbers = CoordinatorProcess.Numbers.read(plan);
    var method =
        methods.computeIfAbsent(
            plan, p -> WideAverage.device(numbers.rounds(), numbers.devices(), numbers.bytes()));
    var job = ToyJob.of(engine, numbers.devices()).job(method.use(engine.facts()));
    return new Wired(method, job, () -> {});
  }
}
