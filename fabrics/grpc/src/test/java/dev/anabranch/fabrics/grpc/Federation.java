package dev.anabranch.fabrics.grpc;

import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Fabric;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Job;
import dev.anabranch.core.Method;
import dev.anabranch.core.Outcome;
import dev.anabranch.fabrics.grpc.internal.CutProxy;
import dev.anabranch.fabrics.grpc.internal.GrpcDial;
import dev.anabranch.fabrics.grpc.internal.GrpcHub;
import dev.anabranch.fabrics.grpc.internal.HubServer;
import dev.anabranch.fabrics.grpc.internal.Limits;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Coordinator, body and agents in one process, over real sockets on the loopback. A run uses it as
 * a fabric; every agent plays the devices of the same job.
 */
final class Federation implements AutoCloseable {
  private static final Limits LIMITS =
      Limits.DEFAULT.withBackoff(Duration.ofMillis(10), Duration.ofMillis(200));

  private final Path folder;
  private final List<String> names;
  private final Duration deadline;
  private final Map<String, Agent> agents = new ConcurrentSkipListMap<>();
  private final Map<String, RunWiring> own = new ConcurrentHashMap<>();
  private final Map<String, CutProxy> lines = new ConcurrentSkipListMap<>();
  private final AtomicInteger starts = new AtomicInteger();
  private GrpcHub hub;
  private HubServer server;
  private Attendance attendance;
  private volatile RunWiring wiring =
      (run, plan) -> {
        throw new IllegalStateException("no run (expected: one that was started)");
      };

  Federation(Path folder, int agents, Duration deadline) {
    this.folder = folder;
    this.deadline = deadline;
    this.names = new ArrayList<>();
    for (int i = 0; i < agents; i++) {
      names.add("device-" + i);
    }
    hub = new GrpcHub(LIMITS, new Random(1));
    attendance = new Attendance(hub);
    server = new HubServer(hub, "127.0.0.1", 0, null, LIMITS.hello());
    names.forEach(this::start);
    start("body");
  }

  /**
   * Starts an agent, or starts it again after {@link #kill}.
   *
   * @return done when it attends
   */
  CompletableFuture<Void> start(String name) {
    var attends = new CompletableFuture<Void>();
    var line = lines.get(name);
    int port = line == null ? server.port() : line.port();
    var random = new Random(starts.getAndIncrement());
    var dial = new GrpcDial(name, "127.0.0.1", port, null, LIMITS, random);
    agents.put(
        name,
        new Agent(
            dial,
            (run, plan) -> own.getOrDefault(name, wiring).wire(run, plan),
            folder.resolve(name),
            SentLog.NONE,
            note -> {
              if (note.equals("connected to the coordinator")) {
                attends.complete(null);
              }
            }));
    return attends;
  }

  /** What an agent does with an offer, in place of what all do. */
  void wire(String name, RunWiring wiring) {
    own.put(name, wiring);
  }

  /** What all do with an offer. */
  Wired wireAsAll(String run, String plan) {
    return wiring.wire(run, plan);
  }

  /** Makes all agents dial over lines that can be cut. */
  void overLines() {
    for (var name : List.copyOf(agents.keySet())) {
      kill(name);
      try {
        lines.put(name, new CutProxy(server.port()));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
      start(name);
    }
  }

  /** The line of an agent. */
  CutProxy line(String name) {
    return Objects.requireNonNull(lines.get(name));
  }

  /** Ends an agent as the death of its process would: nothing is said to anybody. */
  void kill(String name) {
    var agent = agents.remove(name);
    if (agent != null) {
      agent.close();
    }
  }

  /**
   * Ends the coordinator, its run {@code r} as well, and starts another one at the same port.
   *
   * @return false, and nothing is done, if that run is not going on
   */
  boolean stopAndRestartCoordinator() {
    int port = server.port();
    if (!attendance.stop(
        "r", new AnabranchException(Failure.PROGRAM, "the coordinator is stopped"))) {
      return false;
    }
    hub.close();
    server.close();
    hub = new GrpcHub(LIMITS, new Random(2));
    attendance = new Attendance(hub);
    server = new HubServer(hub, "127.0.0.1", port, null, LIMITS.hello());
    return true;
  }

  /** Ends a run as its operator would. */
  void stop(String run, String why) {
    attendance.stop(run, new AnabranchException(Failure.STOPPED, why));
  }

  /** A fabric whose runs are played by these agents. */
  Played fabric() {
    return new Played();
  }

  /** Each of its runs is one of a {@link GrpcFabric}, with a job that every agent has. */
  final class Played implements Fabric {
    @Override
    public Set<Ability> abilities() {
      return EnumSet.complementOf(EnumSet.of(Ability.POOLED_DATA));
    }

    @Override
    public <S> Outcome run(Method<S> method, Job job) {
      wire(method, job);
      return grpc("run-" + System.identityHashCode(job)).run(method, job);
    }
  }

  /** The fabric itself, with the same wiring for all agents. */
  GrpcFabric grpc(String run) {
    return new GrpcFabric(
        attendance,
        new GrpcFabric.Settings(
            run, "toy", names, "body", folder.resolve("spool").resolve(run), deadline));
  }

  void wire(Method<?> method, Job job) {
    wiring = (run, plan) -> new Wired(method, job, () -> {});
  }

  @Override
  public void close() {
    List.copyOf(agents.keySet()).forEach(this::kill);
    hub.close();
    server.close();
    for (var line : lines.values()) {
      try {
        line.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
