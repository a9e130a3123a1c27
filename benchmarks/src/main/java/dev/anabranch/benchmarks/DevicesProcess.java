package dev.anabranch.benchmarks;

import dev.anabranch.fabrics.grpc.Agent;
import dev.anabranch.fabrics.grpc.AgentPort;
import dev.anabranch.fabrics.grpc.LightAgents;
import dev.anabranch.fabrics.grpc.SentLog;
import dev.anabranch.fabrics.grpc.Wired;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;

/**
 * Many devices in one process, each enrolled and attending for itself, over a connection of its
 * own. First argument: the folder of all; the others: a device's name and its token, or its name
 * alone if it is enrolled. Ends when its input does.
 */
final class DevicesProcess {
  private static final int AT_ONCE = 8;
  private static final InstantSource CLOCK = InstantSource.system();

  private DevicesProcess() {}

  public static void main(String... args) throws IOException, InterruptedException {
    var folder = Path.of(args[0]);
    var engine = ToyEngine.small(2);
    var methods = new ConcurrentHashMap<String, WideAverage>();
    var open = new Semaphore(AT_ONCE);
    var agents = java.util.Collections.synchronizedList(new ArrayList<Agent>());
    var lines = System.in;
    var reader = new java.io.BufferedReader(new java.io.InputStreamReader(lines, java.nio.charset.StandardCharsets.UTF_8));
    for (var line = reader.readLine(); line != null; line = reader.readLine()) {
      var words = line.split(" ", -1);
      open.acquire();
      Thread.ofPlatform()
          .start(() -> {
            try {
              var home = folder.resolve(words[1]);
              if (words[0].equals("enrol")) {
                AgentIdentity.enrol(home, words[2], CLOCK);
                System.out.println("enrolled " + words[1]);
              } else {
                agents.add(attend(home, engine, methods));
              }
            } finally {
              open.release();
            }
          });
    }
    agents.forEach(Agent::close);
    engine.close();
  }

  private static Agent attend(
      Path home, ToyEngine engine, ConcurrentHashMap<String, WideAverage> methods) {
    var identity = AgentIdentity.open(home);
    int colon = identity.coordinator().lastIndexOf(':');
    var duty =
        new AgentPort.Duty(
            (run, plan) -> {
              var numbers = CoordinatorProcess.Numbers.read(plan);
              var method =
                  methods.computeIfAbsent(
                      plan,
                      p ->
                          WideAverage.device(numbers.rounds(), numbers.devices(), numbers.bytes()));
              var job = ToyJob.of(engine, numbers.devices()).job(method.use(engine.facts()));
              return new Wired(method, job, () -> {});
            },
            home.resolve("memories"),
            SentLog.NONE,
            note -> {});
    return LightAgents.attend(
        new AgentPort.Address(
            identity.coordinator().substring(0, colon),
            Integer.parseInt(identity.coordinator().substring(colon + 1))),
        identity.key(),
        identity.certificate(),
        identity.authority(),
        duty);
  }
}
