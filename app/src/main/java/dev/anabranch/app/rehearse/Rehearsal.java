package dev.anabranch.app.rehearse;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.record.Summary;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A dress rehearsal of a plan on this machine: a coordinator, a body if the method needs one, and
 * devices, each a process of its own, with faults that strike when the run log says that their round
 * is in progress; then the same plan on the local fabric, whose result must be the same. Used once.
 */
public final class Rehearsal {
  private static final long TICK_MILLIS = 20;

  /**
   * What came of it.
   *
   * @param rehearsed SHA-256 of the weights of the real processes
   * @param local of those of the local fabric
   * @param struck faults, each with the round in which it struck
   */
  public record Result(
      Path folder, String rehearsed, String local, int rounds, int lost, Map<String, Integer> struck) {
    public boolean equal() {
      return rehearsed.equals(local);
    }

    /** As {@code rehearsal.json} holds it. */
    public Map<String, Object> toMap() {
      var out = new LinkedHashMap<String, Object>();
      out.put("equal", equal());
      out.put("weightsSha256", Map.of("rehearsed", rehearsed, "local", local));
      out.put("rounds", rounds);
      out.put("lost", lost);
      out.put("faults", struck);
      out.put("folder", folder.toString());
      return out;
    }
  }

  private final RunPlan plan;
  private final int devices;
  private final List<Fault> faults;
  private final Path folder;
  private final Duration deadline;
  private final Consumer<String> tell;
  private final boolean body;
  private final Map<String, Player> players = new TreeMap<>();
  private final Map<String, CutLine> lines = new TreeMap<>();
  private final Map<String, Integer> struck = new LinkedHashMap<>();
  private final List<Thread> lasting = new ArrayList<>();

  /**
   * @param devices processes that play the devices of the plan between them
   * @param folder new and empty
   * @param deadline without progress after which a visit is lost
   * @param tell told what happens, a line each
   */
  public Rehearsal(
      RunPlan plan,
      int devices,
      List<Fault> faults,
      Path folder,
      Duration deadline,
      Consumer<String> tell) {
    this.plan = plan;
    this.devices = devices;
    this.faults = List.copyOf(faults);
    this.folder = folder;
    this.deadline = deadline;
    this.tell = tell;
    var method = plan.method();
    body = method.card().needs().contains(Ability.BODY_LINKS);
    int rounds = plan.methodNumber("rounds").orElse(0L).intValue();
    int all = rounds == 0 ? 0 : rounds + method.closingRounds();
    faults.forEach(fault -> fault.require(devices, all, body));
  }

  /** The folder of the run that the real processes carry out. */
  public Path record() {
    return folder.resolve("rehearsed");
  }

  /** Carries it out, and then the plan on the local fabric. */
  public Result run(Session session, Runner.Watch watch) {
    var hook = new Thread(this::close, "rehearsal ends");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      play();
    } finally {
      close();
      Runtime.getRuntime().removeShutdownHook(hook);
    }
    tell.accept("the same plan on the local fabric");
    var local = new Runner(session).run(plan, "local", folder.resolve("local"), watch);
    var rehearsed = Json.readObject(RunFolder.summary(record()));
    var result =
        new Result(
            folder,
            String.valueOf(rehearsed.get("weightsSha256")),
            local.weightsSha256(),
            local.rounds(),
            rehearsed.get("lost") instanceof Number n ? n.intValue() : 0,
            struck);
    write(folder.resolve("rehearsal.json"), Json.pretty(result.toMap()));
    return result;
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void play() {
    var planFile = folder.resolve("plan.yaml");
    write(planFile, plan.toYaml());
    int port = freePort();
    var coordinator =
        add(
            "coordinator",
            List.of(
                "rehearsed-coordinator",
                planFile.toString(),
                "--output=" + record(),
                "--port=" + port,
                "--devices=" + devices,
                "--body=" + body,
                "--deadline=" + deadline.toSeconds()));
    for (int k = 1; k <= devices; k++) {
      agent("device-" + k, port);
    }
    if (body) {
      agent("body", port);
    }
    tell.accept(
        "a coordinator, "
            + (body ? "a body, " : "")
            + devices
            + (devices == 1 ? " device" : " devices")
            + ": one process each, on 127.0.0.1:"
            + port);
    players.values().forEach(Player::start);
    watch(coordinator);
  }

  private static int freePort() {
    try (var any = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return any.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Player add(String name, List<String> arguments) {
    var player = new Player(name, arguments, folder.resolve("processes").resolve(name + ".log"));
    players.put(name, player);
    return player;
  }

  /** An agent whose line can be cut, if a fault says so. */
  private void agent(String name, int port) {
    boolean cuts =
        faults.stream().anyMatch(f -> f.kind() == Fault.Kind.CUT && f.player().equals(name));
    int dialled = cuts ? lines.computeIfAbsent(name, n -> new CutLine(port)).port() : port;
    add(
        name,
        List.of(
            "rehearsed-agent",
            name,
            "--port=" + dialled,
            "--folder=" + folder.resolve("agents").resolve(name)));
  }

  /** Lets faults strike until the coordinator has ended. */
  private void watch(Player coordinator) {
    var rounds = new RoundWatch(record().resolve("log.jsonl"));
    var open = new ArrayList<>(faults);
    int shown = 0;
    while (true) {
      try {
        int round = rounds.round();
        if (round > shown) {
          shown = round;
          tell.accept("round " + round);
        }
        for (var fault : List.copyOf(open)) {
          if (round >= fault.round()) {
            open.remove(fault);
            strike(fault, round);
          }
        }
        var code = coordinator.ended();
        if (code != null) {
          finished(coordinator, code);
          return;
        }
        players.values().forEach(Rehearsal::refuseDead);
        Thread.sleep(TICK_MILLIS);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException(e);
      }
    }
  }

  private static void refuseDead(Player player) {
    var code = player.ended();
    if (code != null && !player.name().equals("coordinator")) {
      throw failed(player, code);
    }
  }

  private static void finished(Player coordinator, int code) {
    if (code != 0) {
      throw failed(coordinator, code);
    }
  }

  private static AnabranchException failed(Player player, int code) {
    Failure why = Failure.PROGRAM;
    for (var failure : Failure.values()) {
      if (failure.exitCode() == code) {
        why = failure;
      }
    }
    return new AnabranchException(
        why,
        player.name()
            + " ended with code "
            + code
            + " (expected: 0 for the coordinator, at its end): "
            + player.lastWords().replaceFirst("^anabranch: ", "")
            + "; see "
            + player.output());
  }

  private void strike(Fault fault, int round) throws InterruptedException {
    tell.accept("fault " + fault.text());
    struck.put(fault.text(), round);
    var player = java.util.Objects.requireNonNull(players.get(fault.player()));
    switch (fault.kind()) {
      case KILL -> {
        player.kill();
        player.start();
      }
      case STOP -> last(fault, () -> player.signal("STOP"), () -> player.signal("CONT"));
      case CUT -> {
        var line = java.util.Objects.requireNonNull(lines.get(fault.player()));
        last(fault, line::cut, line::mend);
      }
    }
  }

  private void last(Fault fault, Runnable begin, Runnable end) {
    begin.run();
    lasting.add(
        Thread.ofVirtual()
            .start(() -> {
              try {
                Thread.sleep(fault.lasting());
              } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
              }
              end.run();
              tell.accept("fault " + fault.text() + " is over");
            }));
  }

  private void close() {
    lasting.forEach(Thread::interrupt);
    players.values().forEach(Player::close);
    lines.values().forEach(CutLine::close);
  }
}
