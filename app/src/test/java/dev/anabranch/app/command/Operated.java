package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.app.daemon.AgentProcess;
import dev.anabranch.app.daemon.OwnWiring;
import dev.anabranch.app.daemon.OwnerLimits;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.service.AgentRole;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * An operator of a coordinator that keeps its data in {@code c}, and agents over the toy engine
 * beside it. Of one test; notes come from any thread.
 */
final class Operated implements AutoCloseable {
  /** What daemons have said. */
  final List<String> notes = new CopyOnWriteArrayList<>();

  private final Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();

  Operated(Path folder) {
    this.folder = folder;
  }

  Path coordinator() {
    return folder.resolve("c");
  }

  /** Closes this too, before what was named earlier. */
  void closing(AutoCloseable one) {
    open.add(one);
  }

  /** Runs a command as the coordinator's operator. */
  Ended ask(Object... words) {
    var all = new ArrayList<Object>(List.of(words));
    all.add("--as");
    all.add(coordinator().resolve("operator.json"));
    return Ended.toy("", all.toArray());
  }

  /** The newest run. */
  JsonNode run() {
    return ask("runs", "--json").json().path("runs").path(0);
  }

  /** An agent that is enrolled and does not attend yet. */
  AgentProcess agent(String name, AgentRole role, OwnerLimits limits, InstantSource clock) {
    var token = ask("enrol", name, "--role", role);
    assertThat(token.code()).as(token.err()).isZero();
    var session = new Session(new ToyWiring());
    var data = role == AgentRole.BODY ? OwnWiring.Data.NONE : OwnWiring.Data.OF_PLAN;
    var process =
        new AgentProcess(
            new AgentProcess.Settings(
                role, folder.resolve(name), token.out().strip(), false, limits, null),
            new OwnWiring(session, data, null, limits, () -> LocalTime.NOON),
            clock,
            limits.from() == limits.to() ? Duration.ofSeconds(30) : Duration.ofMillis(20),
            note -> notes.add(name + ": " + note));
    process.enrol();
    open.add(session);
    open.add(process);
    return process;
  }

  /** Makes an agent attend; gives why it no longer does. */
  CompletableFuture<String> attend(AgentProcess process) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            process.run();
            return "closed";
          } catch (AnabranchException e) {
            return String.valueOf(e.getMessage());
          } catch (InterruptedException e) {
            return "interrupted";
          }
        },
        task -> Thread.ofVirtual().start(task));
  }

  /** An agent that attends by this clock, without limits. */
  void attend(String name, AgentRole role, InstantSource clock) {
    attend(agent(name, role, OwnerLimits.none(), clock));
  }

  /** Waits until so many attend. */
  void awaitAttending(int count) {
    for (int seen = 0; seen < count; ) {
      seen = ask("devices", "--json").out().split("\"attending\"", -1).length - 1;
    }
  }

  void awaitNote(String part) {
    while (notes.stream().noneMatch(note -> note.contains(part))) {
      Thread.onSpinWait();
    }
  }

  @Override
  public void close() throws Exception {
    for (var one : open.reversed()) {
      one.close();
    }
  }
}
