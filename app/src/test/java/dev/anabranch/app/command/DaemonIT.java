package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.daemon.AgentProcess;
import dev.anabranch.app.daemon.OwnWiring;
import dev.anabranch.app.daemon.OwnerLimits;
import dev.anabranch.app.daemon.PlanExecutor;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of operators against a coordinator, a body and devices, over TLS. */
class DaemonIT {
  @TempDir Path folder;
  private final List<String> notes = new CopyOnWriteArrayList<>();
  private final List<AutoCloseable> open = new ArrayList<>();
  private Path plan = Path.of("");

  @BeforeEach
  void start() throws IOException {
    plan = folder.resolve("plan.yaml");
    Files.writeString(
        plan,
        """
        name: toy
        seed: 3
        lanes: 1
        method:
          sfprompt: { rounds: 3, cohort: 3, examples: 8, batch: 4, headLayers: 1, tailLayers: 1 }
        """);
    var settings =
        new CoordinatorSettings(List.of("127.0.0.1"), "127.0.0.1", 0, "", Duration.ofDays(90), 1);
    CoordinatorDaemon.init(folder.resolve("c"), settings, InstantSource.system());
    open.add(coordinator());
  }

  private CoordinatorDaemon coordinator() {
    var start = new CoordinatorDaemon.Start(-1, false, false, InstantSource.system(), notes::add);
    return CoordinatorDaemon.start(
        folder.resolve("c"),
        start,
        (agents, attendance) ->
            new PlanExecutor(
                ToyWiring::new, agents, attendance, Duration.ofSeconds(60), notes::add));
  }

  @AfterEach
  void stop() throws Exception {
    for (var one : open.reversed()) {
      one.close();
    }
  }

  private Ended ask(Object... words) {
    var all = new ArrayList<Object>(List.of(words));
    all.add("--as");
    all.add(folder.resolve("c/operator.json"));
    return Ended.toy("", all.toArray());
  }

  private AgentProcess agent(String name, AgentRole role, OwnerLimits limits) {
    var token = ask("enrol", name, "--role", role);
    assertThat(token.code()).as(token.err()).isZero();
    var session = new Session(new ToyWiring());
    var data = role == AgentRole.BODY ? OwnWiring.Data.NONE : OwnWiring.Data.OF_PLAN;
    var process =
        new AgentProcess(
            new AgentProcess.Settings(
                role, folder.resolve(name), token.out().strip(), false, limits, null),
            new OwnWiring(session, data, null, limits, () -> LocalTime.NOON),
            InstantSource.system(),
            note -> notes.add(name + ": " + note));
    process.enrol();
    open.add(session);
    open.add(process);
    return process;
  }

  private CompletableFuture<String> attend(AgentProcess process) {
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

  /** Waits until so many attend. */
  private void awaitAttending(int count) {
    for (int seen = 0; seen < count; ) {
      seen = ask("devices", "--json").out().split("\"attending\"", -1).length - 1;
    }
  }

  private static String sha(Path run) throws IOException {
    return Files.readString(run.resolve("summary.json"))
        .replaceAll("(?s).*\"weightsSha256\" : \"([0-9a-f]{64})\".*", "$1");
  }

  @Test
  void submittedPlanGivesTheWeightsOfALocalRun() throws IOException {
    attend(agent("ward-1", AgentRole.DEVICE, OwnerLimits.none()));
    attend(agent("ward-2", AgentRole.DEVICE, OwnerLimits.none()));
    attend(agent("host", AgentRole.BODY, OwnerLimits.none()));
    awaitAttending(3);
    var submitted = ask("submit", plan);
    assertThat(submitted.code()).as(submitted.err()).isZero();
    var id = submitted.out().strip();
    var log = ask("log", id, "--follow");
    assertThat(log.code()).as(log.err()).isZero();
    assertThat(log.out()).contains("{\"kind\":\"run\"").contains("{\"kind\":\"end\"");
    var runs = ask("runs");
    assertThat(runs.out()).as(notes.toString()).contains(id).contains("completed").contains("3/3");
    var pulled = folder.resolve("pulled");
    assertThat(ask("pull", id, "--output", pulled).code()).isZero();
    assertThat(Ended.toy("", "run", plan, "--output", folder.resolve("local")).code()).isZero();
    assertThat(sha(pulled)).matches("[0-9a-f]{64}").isEqualTo(sha(folder.resolve("local")));
    assertThat(pulled.resolve("trained.safetensors")).exists();

    var sent = Ended.toy("", "device", "sent", "--home", folder.resolve("ward-1"));
    assertThat(sent.out()).contains(id).contains("activation").contains("nothing else has left.");
    assertThat(ask("devices", "--json").out()).contains("\"byTopic\":{\"");
  }

  @Test
  void planThatTheseDevicesCannotServeIsRefusedBeforeAnyIsWoken() {
    assertThat(ask("submit", plan).err())
        .isEqualTo(
            "anabranch: devices: 0 can serve this plan (expected: at least 1 that attend; see"
                + " 'anabranch devices')\n");
    var choosy = new OwnerLimits(0, 0, 0, 0, 0, List.of("fedavg"));
    attend(agent("ward-1", AgentRole.DEVICE, choosy));
    awaitAttending(1);
    assertThat(ask("submit", plan).err())
        .isEqualTo(
            "anabranch: devices: 0 can serve this plan; ward-1 does fedavg and no sfprompt"
                + " (expected: at least 1 that attend; see 'anabranch devices')\n");
    attend(agent("ward-2", AgentRole.DEVICE, new OwnerLimits(1, 0, 0, 0, 0, List.of())));
    attend(agent("ward-3", AgentRole.DEVICE, OwnerLimits.none()));
    awaitAttending(3);
    var ended = ask("submit", plan);
    assertThat(ended.code()).isEqualTo(14);
    assertThat(ended.err())
        .isEqualTo(
            "anabranch: method.sfprompt: no body attends (expected: a host of the body, as the"
                + " method splits the model; start one with 'anabranch body')\n");
    assertThat(ask("runs", "--json").json().path("runs")).isEmpty();
  }

  @Test
  void revokedDeviceIsCutOff() {
    var ended = attend(agent("ward-1", AgentRole.DEVICE, OwnerLimits.none()));
    awaitAttending(1);
    assertThat(ask("revoke", "ward-1").out()).isEqualTo("ward-1: revoked\n");
    assertThat(ended.join()).startsWith("certificate of ward-1: revoked");
    assertThat(ask("devices").out()).contains("revoked");
    var audit = ask("audit");
    assertThat(audit.code()).isZero();
    assertThat(audit.out())
        .contains("operator admin: revoke ward-1")
        .endsWith("The chain of hashes is whole.\n");
  }
}
