package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.daemon.OwnerLimits;
import dev.anabranch.app.daemon.PlanExecutor;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import dev.anabranch.testkit.ToyEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The commands of operators against a coordinator, a body and devices, over TLS. */
class DaemonIT {
  @TempDir Path folder;
  private Operated here = new Operated(Path.of(""));
  private Path plan = Path.of("");

  @BeforeEach
  void start() throws IOException {
    here = new Operated(folder);
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
    CoordinatorDaemon.init(here.coordinator(), settings, InstantSource.system());
    here.closing(coordinator());
  }

  private CoordinatorDaemon coordinator() {
    var start =
        new CoordinatorDaemon.Start(-1, false, false, InstantSource.system(), here.notes::add);
    return CoordinatorDaemon.start(
        here.coordinator(),
        start,
        (agents, attendance) ->
            new PlanExecutor(
                ToyWiring::new, agents, attendance, Duration.ofSeconds(60), here.notes::add));
  }

  @AfterEach
  void stop() throws Exception {
    here.close();
  }

  private Ended ask(Object... words) {
    return here.ask(words);
  }

  private CompletableFuture<String> attend(String name, AgentRole role, OwnerLimits limits) {
    return here.attend(here.agent(name, role, limits, InstantSource.system()));
  }

  @Test
  void submittedPlanGivesTheWeightsOfALocalRun() throws IOException {
    attend("ward-1", AgentRole.DEVICE, OwnerLimits.none());
    attend("ward-2", AgentRole.DEVICE, OwnerLimits.none());
    attend("host", AgentRole.BODY, OwnerLimits.none());
    here.awaitAttending(3);
    var submitted = ask("submit", plan);
    assertThat(submitted.code()).as(submitted.err()).isZero();
    var id = submitted.out().strip();
    var log = ask("log", id, "--follow");
    assertThat(log.code()).as(log.err()).isZero();
    assertThat(log.out())
        .contains(" s  toy: sfprompt, 3 rounds, 6 devices, seed 3\n")
        .containsPattern("\\[ROUND 3/3] device \\d \\(ward-\\d\\): done\n")
        .containsPattern(" s  ended\n$");
    var lines = ask("log", id, "--json").out().lines().toList();
    assertThat(lines).first().asString().startsWith("{\"kind\":\"run\"");
    assertThat(lines).last().asString().startsWith("{\"kind\":\"end\"");
    assertThat(ask("log", id, "--json", "--from", lines.size() - 1).out())
        .isEqualTo(lines.getLast() + "\n");
    assertThat(ask("log", id, "--from", lines.size() - 1).out()).matches(" +.* s  ended\n");
    var runs = ask("runs");
    assertThat(runs.out())
        .as(here.notes.toString())
        .contains(id)
        .contains("completed")
        .contains("3/3");
    var pulled = folder.resolve("pulled");
    assertThat(ask("pull", id, "--output", pulled).code()).isZero();
    assertThat(Ended.toy("", "run", plan, "--output", folder.resolve("local")).code()).isZero();
    assertThat(Ended.sha(pulled))
        .matches("[0-9a-f]{64}")
        .isEqualTo(Ended.sha(folder.resolve("local")));
    assertThat(pulled.resolve("trained.safetensors")).exists();

    var sent = Ended.toy("", "device", "sent", "--home", folder.resolve("ward-1"));
    assertThat(sent.out()).contains(id).contains("activation").contains("nothing else has left.");
    assertThat(ask("devices", "--json").out()).contains("\"byTopic\":{\"");
  }

  @Test
  void runThatIsStoppedInTheMiddleOfARoundLeavesItsLastAndGoesOn() throws IOException {
    var clock = new HeldClock(25);
    here.attend("ward-1", AgentRole.DEVICE, clock);
    attend("host", AgentRole.BODY, OwnerLimits.none());
    here.awaitAttending(2);
    var id = ask("submit", plan).out().strip();
    clock.held.join(); // a visit is under way
    assertThat(ask("devices").out()).containsPattern("ward-1 .* attending +" + id + " ");
    assertThat(ask("stop", id).out()).matches(id + ": stopp(ing|ed)\n");
    while (!here.run().path("state").asText().equals("stopped")) {
      Thread.onSpinWait();
    }
    here.awaitNote("ward-1: run " + id + ": stopped by operator admin at 20");
    assertThat(here.run().path("stoppedBy").asText()).isEqualTo("admin");
    int rounds = here.run().path("roundsDone").asInt();
    assertThat(rounds).isBetween(1, 2);

    var pulled = folder.resolve("pulled");
    assertThat(ask("pull", id, "--output", pulled).code()).isZero();
    assertThat(Files.readAllLines(pulled.resolve("log.jsonl")).getLast())
        .startsWith(
            "{\"kind\":\"end\",\"round\":"
                + (rounds - 1)
                + ",\"state\":\"stopped\",\"reason\":\"stopped by operator admin at 20");
    var local = folder.resolve("local");
    var same = Ended.toy("", "run", plan, "--output", local, "--set", "method.rounds=" + rounds);
    assertThat(same.code()).as(same.err()).isZero();
    assertThat(Files.readString(pulled.resolve("provenance.json"))).contains(Ended.sha(local));
    assertThat(pulled.resolve("summary.json")).doesNotExist();
    assertThat(pulled.resolve("report.html")).exists();
    try (var engine = ToyEngine.small(1)) {
      var line = ToyWiring.line(engine.shard(1, 5).values()[0]) + "\n";
      assertThat(Ended.toy(line, "predict", pulled).out())
          .isEqualTo(Ended.toy(line, "predict", local).out())
          .matches("\\w+\t\\d\\.\\d+\n");
    }

    clock.release();
    assertThat(ask("resume", id).out()).matches(id + ": (pending|running)\n");
    assertThat(ask("log", id, "--follow").code()).isZero();
    assertThat(here.run().path("state").asText()).as(here.notes.toString()).isEqualTo("completed");
    var whole = folder.resolve("whole");
    assertThat(ask("pull", id, "--output", whole).code()).isZero();
    assertThat(Ended.toy("", "run", plan, "--output", folder.resolve("all")).code()).isZero();
    assertThat(Ended.sha(whole)).isEqualTo(Ended.sha(folder.resolve("all")));
    assertThat(ask("resume", id).err())
        .isEqualTo(
            "anabranch: run "
                + id
                + ": has not ended, or is complete (expected: a run that was stopped or has"
                + " failed)\n");
  }

  @Test
  void deviceAttendsInItsHoursAlone() {
    var clock = new HeldClock(0);
    var now = ZonedDateTime.now(ZoneId.systemDefault());
    var noon = now.plusDays(1).with(LocalTime.NOON);
    clock.ahead(Duration.between(now, noon));
    var limits = OwnerLimits.none().withHours("22-6");
    here.attend(here.agent("ward-1", AgentRole.DEVICE, limits, clock));
    assertThat(ask("devices", "--json").out()).contains("\"state\":\"away\"");
    clock.ahead(Duration.between(now, noon.plusHours(11)));
    here.awaitAttending(1);
    clock.ahead(Duration.between(now, noon.plusHours(18)));
    here.awaitNote("ward-1: stops for today: out of hours");
    while (!ask("devices", "--json").out().contains("\"state\":\"away\"")) {
      Thread.onSpinWait();
    }
  }

  @Test
  void planThatTheseDevicesCannotServeIsRefusedBeforeAnyIsWoken() {
    assertThat(ask("submit", plan).err())
        .isEqualTo(
            "anabranch: devices: 0 can serve this plan (expected: at least 1 that attend; see"
                + " 'anabranch devices')\n");
    var choosy = new OwnerLimits(0, 0, 0, 0, 0, List.of("fedavg"));
    attend("ward-1", AgentRole.DEVICE, choosy);
    here.awaitAttending(1);
    assertThat(ask("submit", plan).err())
        .isEqualTo(
            "anabranch: devices: 0 can serve this plan; ward-1 does fedavg and no sfprompt"
                + " (expected: at least 1 that attend; see 'anabranch devices')\n");
    attend("ward-2", AgentRole.DEVICE, new OwnerLimits(1, 0, 0, 0, 0, List.of()));
    here.awaitAttending(2);
    assertThat(ask("submit", plan).err())
        .matches(
            "anabranch: devices: 0 can serve this plan; ward-1 does fedavg and no sfprompt; ward-2"
                + " gives [^;]+ of [^;]+ \\(expected: at least 1 that attend; see 'anabranch"
                + " devices'\\)\n");
    assertThat(ask("submit", plan, "--set", "method={central: {}}").err())
        .isEqualTo(
            "anabranch: method.central: needs all data in one place (expected: a method that leaves"
                + " data where they are; a reference runs with 'anabranch run')\n");
    attend("ward-3", AgentRole.DEVICE, OwnerLimits.none());
    here.awaitAttending(3);
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
    var ended = attend("ward-1", AgentRole.DEVICE, OwnerLimits.none());
    here.awaitAttending(1);
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
