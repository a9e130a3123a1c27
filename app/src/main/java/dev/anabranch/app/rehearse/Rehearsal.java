package dev.anabranch.app.rehearse;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.Json;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.service.OperatorApi;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A dress rehearsal of a plan on this machine: a coordinator, a body if the method needs one, and
 * devices, each a process of its own, with faults that strike when the run log says that their
 * round is in progress; then the same plan on the local fabric, whose result must be the same. Used
 * once.
 */
public final class Rehearsal {
  private static final String HOST = "127.0.0.1";
  private static final InstantSource CLOCK = InstantSource.system();
  private static final long TICK_MILLIS = 20;

  /**
   * A fault that did strike.
   *
   * @param round in which it did, from 1
   */
  public record Struck(String fault, int round) {}

  /**
   * What came of it.
   *
   * @param rehearsed SHA-256 of the weights of the real processes
   * @param local of those of the local fabric
   * @param byCost whether the method decides by what visits took
   * @param struck faults that did strike, in this order
   */
  public record Result(
      Path folder,
      String rehearsed,
      String local,
      int rounds,
      int lost,
      boolean byCost,
      List<Struck> struck) {
    public boolean equal() {
      return rehearsed.equals(local);
    }

    /** Whether the weights are what they should be, as far as that can be told. */
    public boolean sound() {
      return equal() || (byCost && lost == 0);
    }

    /** As {@code rehearsal.json} holds it. */
    public Map<String, Object> toMap() {
      var out = new LinkedHashMap<String, Object>();
      out.put("equal", equal());
      out.put("decidesByCost", byCost);
      out.put("weightsSha256", Map.of("rehearsed", rehearsed, "local", local));
      out.put("rounds", rounds);
      out.put("lost", lost);
      out.put(
          "faults",
          struck.stream().map(one -> Map.of("fault", one.fault(), "round", one.round())).toList());
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
  private final List<Struck> struck = new ArrayList<>();
  private final List<Thread> lasting = new ArrayList<>();
  private @Nullable Path record;

  /**
   * @param devices processes that play the devices of the plan between them
   * @param chaos how many faults are drawn from the plan's seed, beside those given
   * @param folder new and empty
   * @param deadline without progress after which a visit is lost
   * @param tell told what happens, a line each
   */
  public Rehearsal(
      RunPlan plan,
      int devices,
      List<Fault> faults,
      int chaos,
      Path folder,
      Duration deadline,
      Consumer<String> tell) {
    this.plan = plan;
    this.devices = devices;
    this.folder = folder;
    this.deadline = deadline;
    this.tell = tell;
    var method = plan.method();
    body = method.card().needs().contains(Ability.BODY_LINKS);
    int rounds = plan.methodNumber("rounds").orElse(0L).intValue();
    int all = rounds == 0 ? 0 : rounds + method.closingRounds();
    faults.forEach(fault -> fault.require(devices, all, body));
    var both = new ArrayList<>(faults);
    if (chaos > 0) {
      if (all == 0) {
        throw AnabranchException.expected(
            Failure.USAGE, "--chaos", chaos, "a method whose rounds are known beforehand");
      }
      both.addAll(Chaos.draw(plan.seed(), chaos, devices, all, body));
    }
    this.faults = List.copyOf(both);
  }

  /** All that is going to strike, given and drawn. */
  public List<Fault> faults() {
    return faults;
  }

  /** The folder of the run that the real processes carry out. */
  private Path record() {
    return Objects.requireNonNull(record);
  }

  /** Carries it out, and then the plan on the local fabric. */
  public Result run(Session session, Runner.Watch watch) {
    var hook = new Thread(this::close, "rehearsal ends");
    Runtime.getRuntime().addShutdownHook(hook);
    try {
      play();
    } finally {
      close();
      forget(hook);
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
            plan.method().card().decidesByCost(),
            List.copyOf(struck));
    write(folder.resolve("rehearsal.json"), Json.pretty(result.toMap()));
    return result;
  }

  private static void forget(Thread hook) {
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException e) {
      return; // this process is being ended, which is why the others have ended
    }
  }

  private static void write(Path file, String text) {
    try {
      Files.writeString(file, text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void play() {
    int port = freePort();
    var home = folder.resolve("coordinator");
    var settings = new CoordinatorSettings(List.of(HOST), HOST, port, "", Duration.ofDays(1), 1);
    var operator = CoordinatorDaemon.init(home, settings, CLOCK);
    var coordinator =
        add(
            "coordinator",
            List.of("coordinator", "--data=" + home, "--deadline=" + deadline.toSeconds()));
    coordinator.start();
    try (var api = OperatorApi.open(operator, CLOCK)) {
      until(coordinator, () -> reached(api));
      for (int k = 1; k <= devices; k++) {
        agent(api, AgentRole.DEVICE, "device-" + k, port);
      }
      if (body) {
        agent(api, AgentRole.BODY, "body", port);
      }
      tell.accept(
          "a coordinator, "
              + (body ? "a body, " : "")
              + devices
              + (devices == 1 ? " device" : " devices")
              + ": one process each, over TLS on "
              + HOST
              + ":"
              + port);
      players.values().stream().filter(p -> !p.equals(coordinator)).forEach(Player::start);
      until(coordinator, () -> attending(api) == players.size() - 1);
      var run = Json.object(Path.of("answer"), api.submit(plan.toYaml()));
      record = home.resolve("runs").resolve(String.valueOf(run.get("id")));
    }
    watch(coordinator);
  }

  private static boolean reached(OperatorApi api) {
    try {
      api.get("/api/v1/runs");
      return true;
    } catch (AnabranchException e) {
      if (e.failure() == Failure.UNREACHABLE) {
        return false;
      }
      throw e;
    }
  }

  private static long attending(OperatorApi api) {
    var answer = Json.object(Path.of("answer"), api.get("/api/v1/devices"));
    return answer.get("devices") instanceof List<?> all
        ? all.stream()
            .filter(one -> one instanceof Map<?, ?> agent && "attending".equals(agent.get("state")))
            .count()
        : 0;
  }

  /** Waits while all processes live. */
  private void until(Player coordinator, BooleanSupplier holds) {
    while (!holds.getAsBoolean()) {
      players.values().forEach(Rehearsal::refuseDead);
      pause(coordinator);
    }
  }

  private static void pause(Player coordinator) {
    var code = coordinator.ended();
    if (code != null) {
      throw failed(coordinator, code);
    }
    try {
      Thread.sleep(TICK_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
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

  /** Enrols an agent, whose line can be cut if a fault says so. */
  private void agent(OperatorApi api, AgentRole role, String name, int port) {
    var home = folder.resolve(name);
    var invitation =
        Json.object(
            Path.of("answer"),
            api.post(
                "/api/v1/enrolments",
                Json.compact(Map.of("name", name, "role", role.word(), "expiresInSeconds", 600))));
    AgentIdentity.enrol(home, String.valueOf(invitation.get("token")), CLOCK);
    if (faults.stream().anyMatch(f -> f.kind() == Fault.Kind.CUT && f.player().equals(name))) {
      var line = lines.computeIfAbsent(name, n -> new CutLine(port));
      redirect(home.resolve("identity.json"), HOST + ":" + line.port());
    }
    add(name, List.of(role.word(), "--home=" + home));
  }

  /** Makes an agent dial another address; its certificate holds for the host, not the port. */
  private static void redirect(Path identity, String address) {
    var fields = new LinkedHashMap<>(Json.readObject(identity));
    fields.put("coordinator", address);
    write(identity, Json.compact(fields));
  }

  /** Lets faults strike until the run has ended. */
  private void watch(Player coordinator) {
    var rounds = new RoundWatch(record().resolve("log.jsonl"));
    var open = new ArrayList<>(faults);
    int shown = 0;
    long since = System.nanoTime();
    while (!Files.exists(RunFolder.summary(record()))) {
      int round = rounds.round();
      if (round > shown) {
        shown = round;
        since = System.nanoTime();
        tell.accept("round " + round);
      }
      for (var fault : List.copyOf(open)) {
        boolean late = round > fault.round();
        if (late
            || (round == fault.round() && System.nanoTime() - since >= fault.after().toNanos())) {
          open.remove(fault);
          strike(fault, round);
        }
      }
      if (!rounds.failure().isEmpty()) {
        throw new AnabranchException(
            Failure.PROGRAM, "the rehearsed run has failed: " + rounds.failure());
      }
      players.values().forEach(Rehearsal::refuseDead);
      pause(coordinator);
    }
    open.forEach(fault -> tell.accept("fault " + fault.text() + " came too late"));
  }

  private static void refuseDead(Player player) {
    var code = player.ended();
    if (code != null) {
      throw failed(player, code);
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
            + ": ended with code "
            + code
            + " (expected: to live until the run has ended): "
            + player.lastWords().replaceFirst("^anabranch: ", "")
            + "; see "
            + player.output());
  }

  private void strike(Fault fault, int round) {
    tell.accept("fault " + fault.text());
    struck.add(new Struck(fault.text(), round));
    var player = Objects.requireNonNull(players.get(fault.player()));
    switch (fault.kind()) {
      case KILL -> {
        player.kill();
        player.start();
      }
      case STOP -> last(fault, () -> player.signal("STOP"), () -> player.signal("CONT"));
      case CUT -> {
        var line = Objects.requireNonNull(lines.get(fault.player()));
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
    players.values().forEach(Player::end); // all at once, then they are waited for
    players.values().forEach(Player::close);
    lines.values().forEach(CutLine::close);
  }
}
