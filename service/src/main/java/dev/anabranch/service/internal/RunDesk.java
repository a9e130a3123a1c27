package dev.anabranch.service.internal;

import com.linecorp.armeria.common.HttpStatus;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.service.RunExecutor;
import dev.anabranch.service.RunState;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes plans, carries them out in order, and takes up again what a restart has interrupted.
 * Thread-safe.
 */
final class RunDesk implements AutoCloseable {
  private static final DateTimeFormatter STAMP =
      DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss").withZone(ZoneOffset.UTC);

  private static final String ENDING = "the coordinator ends; the run goes on when it is started";

  private final Store store;
  private final Registry registry;
  private final RunExecutor executor;
  private final Path folder;
  private final InstantSource clock;
  private final Consumer<String> notes;
  private final ExecutorService threads;
  private final Map<String, Work> going = new ConcurrentHashMap<>();
  private volatile boolean closing;

  RunDesk(
      Store store,
      Registry registry,
      RunExecutor executor,
      Path folder,
      InstantSource clock,
      int atOnce,
      Consumer<String> notes) {
    this.store = store;
    this.registry = registry;
    this.executor = executor;
    this.folder = folder;
    this.clock = clock;
    this.notes = notes;
    this.threads =
        Executors.newFixedThreadPool(atOnce, Thread.ofPlatform().name("run-", 0).factory());
  }

  RunExecutor executor() {
    return executor;
  }

  Path folder(String run) {
    return folder.resolve(run);
  }

  /** Takes a plan; nobody has been woken when this returns. */
  Runs.Run submit(String plan, String by) {
    var checked = executor.check(plan, registry.attending());
    var run =
        store.audited(tables -> {
          var id = freeId(tables, checked.name());
          tables
              .runs()
              .add(
                  id,
                  checked.name(),
                  checked.method(),
                  checked.rounds(),
                  checked.devices(),
                  checked.plan(),
                  by,
                  clock.millis());
          tables
              .audit()
              .append(
                  clock.millis(),
                  "operator " + by,
                  "submit",
                  id,
                  "plan " + Texts.sha256(checked.plan()));
          return tables.runs().find(id).orElseThrow();
        });
    begin(new Work(run.id(), null));
    return run;
  }

  private String freeId(Tables tables, String name) {
    var base = name + "-" + STAMP.format(clock.instant());
    for (int i = 1; ; i++) {
      var id = i == 1 ? base : base + "-" + i;
      if (tables.runs().find(id).isEmpty()) {
        return id;
      }
    }
  }

  /** Goes on with what had not ended when the coordinator did. */
  void resume() {
    for (var run : store.look(tables -> tables.runs().unfinished())) {
      if (run.state() == RunState.STOPPING) {
        begin(new Work(run.id(), why(run)));
      } else {
        notes.accept("run " + run.id() + ": goes on");
        begin(new Work(run.id(), null));
      }
    }
  }

  private static String why(Runs.Run run) {
    var at = run.stoppedAt();
    return "stopped by operator "
        + run.stoppedBy()
        + (at == null ? "" : " at " + Instant.ofEpochMilli(at).truncatedTo(ChronoUnit.SECONDS));
  }

  /** Ends a run at once; what its last full round has left stays. */
  void stop(String id, String by) {
    boolean asked =
        store.audited(tables -> {
          boolean done = tables.runs().stop(id, by, clock.millis());
          if (done) {
            tables.audit().append(clock.millis(), "operator " + by, "stop", id, "");
          }
          return done;
        });
    if (!asked) {
      throw new Problem(
          HttpStatus.CONFLICT, Failure.USAGE, "run " + id, "has ended", "a run that goes on");
    }
    var work = going.get(id);
    if (work != null) {
      work.stop(why(store.look(tables -> tables.runs().find(id)).orElseThrow()));
    }
  }

  /** Goes on with a run that was stopped or has failed, from its last full round. */
  void resume(String id, String by) {
    boolean again =
        store.audited(tables -> {
          boolean done = tables.runs().resume(id);
          if (done) {
            tables.audit().append(clock.millis(), "operator " + by, "resume", id, "");
          }
          return done;
        });
    if (!again) {
      throw new Problem(
          HttpStatus.CONFLICT,
          Failure.USAGE,
          "run " + id,
          "has not ended, or is complete",
          "a run that was stopped or has failed");
    }
    begin(new Work(id, null));
  }

  private void begin(Work work) {
    going.put(work.id, work);
    threads.execute(work);
  }

  private void end(
      String id, RunState state, @Nullable String failureName, @Nullable String failureText) {
    store.audited(tables -> {
      tables.runs().ended(id, state, clock.millis(), failureName, failureText);
      return tables
          .audit()
          .append(
              clock.millis(),
              "coordinator",
              state.word(),
              id,
              failureText == null ? "" : failureText);
    });
    notes.accept(
        "run " + id + ": " + state.word() + (failureText == null ? "" : ": " + failureText));
  }

  /** One run, on a thread of its own. */
  private final class Work implements Runnable, RunExecutor.Task {
    private final String id;

    /** Why an operator has it stopped; null: nobody has. */
    private volatile @Nullable String stopped;

    Work(String id, @Nullable String stopped) {
      this.id = id;
      this.stopped = stopped;
    }

    void stop(String why) {
      stopped = why;
      executor.stop(id, why);
    }

    @Override
    public void run() {
      try {
        var state = store.look(tables -> tables.runs().find(id)).orElseThrow().state();
        if (state.ended() || closing) {
          return; // it was stopped while it waited
        }
        if (stopped != null) {
          ended(RunState.STOPPED, null, null);
          return;
        }
        store.changes(tables -> tables.runs().started(id, clock.millis()));
        executor.carryOut(this);
        end(id, RunState.COMPLETED, null, null);
      } catch (InterruptedException e) {
        interrupted();
      } catch (AnabranchException e) {
        failed(e.failure().name(), String.valueOf(e.getMessage()));
      } catch (Throwable e) { // whatever it is, it ends the run
        failed("UNEXPECTED", e.toString());
      } finally {
        going.remove(id, this);
      }
    }

    private void interrupted() {
      if (stopped != null) {
        ended(RunState.STOPPED, null, null);
      } else {
        notes.accept("run " + id + ": is taken up again at the next start");
      }
    }

    /** What breaks while the coordinator ends, or a run is being stopped, is no failure. */
    private void failed(String name, String text) {
      if (stopped != null || closing) {
        interrupted();
      } else {
        ended(RunState.FAILED, name, text);
      }
    }

    /** Before its end: what it has reached can be fetched. */
    private void ended(RunState state, @Nullable String name, @Nullable String text) {
      try {
        executor.keep(this);
      } catch (RuntimeException e) {
        notes.accept("run " + id + ": its last full round cannot be fetched: " + e.getMessage());
      }
      end(id, state, name, text);
    }

    @Override
    public String id() {
      return id;
    }

    @Override
    public String plan() {
      return store.look(tables -> tables.runs().find(id)).orElseThrow().plan();
    }

    @Override
    public Path folder() {
      return RunDesk.this.folder(id);
    }

    @Override
    public @Nullable String stopping() {
      var why = stopped;
      return why != null || !closing ? why : ENDING;
    }

    @Override
    public void roundDone(int round) {
      store.changes(tables -> tables.runs().roundsDone(id, round + 1));
    }

    @Override
    public Map<String, String> assigned() {
      return store.look(tables -> tables.runs().assignments(id));
    }

    @Override
    public void assign(Map<String, String> nodes) {
      store.changes(
          tables -> nodes.forEach((node, agent) -> tables.runs().assign(id, node, agent)));
    }

    @Override
    public void visit(
        int round,
        int device,
        int attempt,
        @Nullable String agent,
        String state,
        @Nullable String reason) {
      var visit = new Runs.Visit(round, device, attempt, agent, state, clock.millis(), reason);
      store.changes(tables -> tables.runs().visit(id, visit));
    }
  }

  @Override
  public void close() {
    closing = true;
    going.keySet().forEach(run -> executor.stop(run, ENDING));
    threads.shutdown();
    try {
      if (!threads.awaitTermination(30, TimeUnit.SECONDS)) {
        notes.accept("runs: still going after 30 s; the process ends without them");
        threads.shutdownNow();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
