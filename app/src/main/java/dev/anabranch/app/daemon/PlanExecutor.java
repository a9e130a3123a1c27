package dev.anabranch.app.daemon;

import dev.anabranch.app.estimate.Estimator;
import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.record.RunFolder;
import dev.anabranch.app.run.Dataset;
import dev.anabranch.app.run.Runner;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.Units;
import dev.anabranch.app.run.Wiring;
import dev.anabranch.core.Ability;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId.Role;
import dev.anabranch.core.Progress;
import dev.anabranch.core.RunLog;
import dev.anabranch.core.Totals;
import dev.anabranch.fabrics.grpc.Attendance;
import dev.anabranch.fabrics.grpc.GrpcFabric;
import dev.anabranch.service.AgentDirectory;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.RunExecutor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Supplier;

/** Carries out run plans with the agents that attend. Thread-safe. */
public final class PlanExecutor implements RunExecutor {
  private static final String BODY = "body 0";

  private final Supplier<Wiring> wiring;
  private final AgentDirectory agents;
  private final Attendance attendance;
  private final Duration deadline;
  private final Consumer<String> notes;

  /**
   * @param deadline without progress after which a visit is lost
   */
  public PlanExecutor(
      Supplier<Wiring> wiring,
      AgentDirectory agents,
      Attendance attendance,
      Duration deadline,
      Consumer<String> notes) {
    this.wiring = wiring;
    this.agents = agents;
    this.attendance = attendance;
    this.deadline = deadline;
    this.notes = notes;
  }

  @Override
  public Checked check(String text, List<Attending> attending) {
    try (var session = new Session(wiring.get())) {
      var plan = RunPlan.parse(session.catalog(), "plan", text);
      requireAbilities(plan);
      int devices = data(session, plan).shards().size();
      new Estimator(session).require(plan);
      choose(plan, devices, new Estimator(session).oneRound(plan), attending);
      return new Checked(
          plan.name(),
          plan.methodName(),
          plan.methodNumber("rounds").orElse(0L).intValue(),
          devices,
          plan.toYaml());
    }
  }

  /** The plan's data as the coordinator has them. */
  private static Dataset data(Session session, RunPlan plan) {
    try {
      return session.dataset(plan);
    } catch (AnabranchException e) {
      if (e.failure() != Failure.DATA) {
        throw e;
      }
      throw new AnabranchException(
          e.failure(),
          e.getMessage()
              + "; classes and hold-out come from what the coordinator has, in "
              + Path.of("").toAbsolutePath(),
          e);
    }
  }

  private static void requireAbilities(RunPlan plan) {
    if (plan.method().card().needs().contains(Ability.POOLED_DATA)) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          "method." + plan.methodName(),
          "needs all data in one place",
          "a method that leaves data where they are; a reference runs with 'anabranch run'");
    }
  }

  /** Who plays which node: agents by node, or a refusal that names what is missing. */
  private static Map<String, String> choose(
      RunPlan plan, int devices, Optional<Totals> costs, List<Attending> attending) {
    var fit = new ArrayList<String>();
    var unfit = new ArrayList<String>();
    boolean own = false;
    for (var agent : attending) {
      if (agent.role() == AgentRole.DEVICE) {
        var why = unfit(plan, costs, agent);
        if (why.isPresent()) {
          unfit.add(agent.name() + " " + why.get());
        } else {
          own |= "own".equals(agent.profile().get("data"));
          fit.add(agent.name());
        }
      }
    }
    int needed = own ? devices : 1;
    if (fit.size() < needed) {
      throw AnabranchException.expected(
          Failure.UNSUPPORTED,
          "devices",
          fit.size()
              + " can serve this plan"
              + (unfit.isEmpty() ? "" : "; " + String.join("; ", unfit)),
          own
              ? needed
                  + " that attend, as some have data of their own and the plan has "
                  + needed
                  + " devices; set their number in data.partition, see 'anabranch devices'"
              : "at least " + needed + " that attend; see 'anabranch devices'");
    }
    var out = new LinkedHashMap<String, String>();
    for (int i = 0; i < devices; i++) {
      out.put("device " + i, fit.get(i % fit.size()));
    }
    if (plan.method().card().needs().contains(Ability.BODY_LINKS)) {
      out.put(BODY, body(plan, attending));
    }
    return out;
  }

  private static String body(RunPlan plan, List<Attending> attending) {
    return attending.stream()
        .filter(agent -> agent.role() == AgentRole.BODY)
        .map(Attending::name)
        .findFirst()
        .orElseThrow(() ->
            AnabranchException.expected(
                Failure.UNSUPPORTED,
                "method." + plan.methodName(),
                "no body attends",
                "a host of the body, as the method splits the model; start one with 'anabranch"
                    + " body'"));
  }

  /** Why an agent's owner would refuse this plan. */
  private static Optional<String> unfit(RunPlan plan, Optional<Totals> costs, Attending agent) {
    if (agent.profile().get("methods") instanceof List<?> methods
        && !methods.contains(plan.methodName())) {
      return Optional.of(
          "does "
              + String.join(", ", methods.stream().map(String::valueOf).toList())
              + " and no "
              + plan.methodName());
    }
    long needed = costs.map(totals -> totals.peak(Role.DEVICE)).orElse(0L);
    if (agent.profile().get("memoryBytes") instanceof Number memory
        && memory.longValue() < needed) {
      return Optional.of(
          "gives " + Units.memory(memory.longValue()) + " of " + Units.memory(needed));
    }
    return Optional.empty();
  }

  @Override
  public void carryOut(Task task) {
    check(task);
    try (var session = new Session(wiring.get())) {
      var plan = RunPlan.parse(session.catalog(), "run " + task.id(), task.plan());
      var data = session.dataset(plan);
      var nodes = nodes(task, session, plan, data.shards().size());
      var offer = new Offer(plan.toYaml(), data.classes(), data.shards().size());
      var settings =
          new GrpcFabric.Settings(
              task.id(),
              offer.text(),
              nodes.entrySet().stream()
                  .filter(node -> !node.getKey().equals(BODY))
                  .map(Map.Entry::getValue)
                  .toList(),
              nodes.get(BODY),
              task.folder().resolve("spool"),
              deadline);
      var runner = new Runner(session, p -> new GrpcFabric(attendance, settings));
      var watch = new Watching(task, nodes);
      if (Files.isRegularFile(RunFolder.summary(task.folder()))) {
        return; // it ended just before the coordinator did
      }
      check(task);
      if (Files.isRegularFile(RunFolder.plan(task.folder()))) {
        runner.resume(task.folder(), watch);
      } else {
        runner.run(plan, plan.methodName(), task.folder(), watch);
      }
    }
  }

  /** Throws if the run is to end: the transport hears of it only once it has begun. */
  private static void check(Task task) {
    var why = task.stopping();
    if (why != null) {
      throw new AnabranchException(Failure.STOPPED, why);
    }
  }

  @Override
  public void stop(String run, String why) {
    attendance.stop(run, new AnabranchException(Failure.STOPPED, why));
  }

  @Override
  public void keep(Task task) {
    if (Files.isRegularFile(RunFolder.plan(task.folder()))) {
      try (var session = new Session(wiring.get())) {
        new Runner(session).keep(task.folder(), new Watching(task, Map.of()));
      }
    }
  }

  /** A run that goes on keeps its agents: they hold what its devices remember. */
  private Map<String, String> nodes(Task task, Session session, RunPlan plan, int devices) {
    var known = task.assigned();
    if (!known.isEmpty()) {
      var out = new LinkedHashMap<String, String>();
      for (int i = 0; i < devices; i++) {
        out.put("device " + i, known.getOrDefault("device " + i, ""));
      }
      if (known.containsKey(BODY)) {
        out.put(BODY, known.getOrDefault(BODY, ""));
      }
      return out;
    }
    var chosen = choose(plan, devices, new Estimator(session).oneRound(plan), agents.attending());
    task.assign(chosen);
    return chosen;
  }

  /** Tells the task how its run goes on. */
  private final class Watching implements Runner.Watch {
    private final Task task;
    private final Map<String, String> nodes;

    Watching(Task task, Map<String, String> nodes) {
      this.task = task;
      this.nodes = nodes;
    }

    @Override
    public Progress start(Path folder, String label, int rounds) {
      return new Progress() {
        @Override
        public void round(int round, double accuracy, long bytes, double virtualSeconds) {
          task.roundDone(round);
          check(task);
        }
      };
    }

    @Override
    public RunLog log(RunLog log) {
      return new TapLog(log, task, agents, nodes);
    }

    @Override
    public String goOn(Path folder) {
      return "anabranch resume " + task.id();
    }

    @Override
    public void note(String text) {
      notes.accept("run " + task.id() + ": " + text);
    }
  }

  @Override
  public void report(List<Path> runs, Path page) {
    try (var made = wiring.get()) {
      made.report(runs, page);
    }
  }
}
