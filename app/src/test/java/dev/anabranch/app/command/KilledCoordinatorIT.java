package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.daemon.AgentProcess;
import dev.anabranch.app.daemon.OwnWiring;
import dev.anabranch.app.daemon.OwnerLimits;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.service.AgentRole;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.CoordinatorSettings;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator, a process of its own, that ends by {@code kill -9} in the middle of a visit and is
 * started again by whoever looks after it; the agents notice by themselves.
 */
class KilledCoordinatorIT {
  @TempDir Path folder;
  private final List<AutoCloseable> open = new ArrayList<>();

  @AfterEach
  void stop() throws Exception {
    for (var one : open.reversed()) {
      one.close();
    }
  }

  /** Starts it, and waits until it listens. */
  private Process coordinator() throws IOException {
    var process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                KilledIT.Child.class.getName(),
                "coordinator",
                "--data",
                folder.resolve("c").toString(),
                "--deadline",
                "60")
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    open.add(() -> process.destroyForcibly().waitFor());
    var listens = new CompletableFuture<Void>();
    var said = new ArrayList<String>();
    Thread.ofVirtual()
        .start(() -> {
          try (var lines =
              new BufferedReader(
                  new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (var line = lines.readLine(); line != null; line = lines.readLine()) {
              said.add(line);
              if (line.contains(" listening on ")) {
                listens.complete(null);
              }
            }
          } catch (IOException e) {
            said.add(e.toString());
          }
          listens.completeExceptionally(new AssertionError(String.join("\n", said)));
        });
    listens.join();
    return process;
  }

  private Ended ask(Object... words) {
    var all = new ArrayList<Object>(List.of(words));
    all.add("--as");
    all.add(folder.resolve("c/operator.json"));
    return Ended.toy("", all.toArray());
  }

  private void attend(String name, AgentRole role, InstantSource clock) {
    var token = ask("enrol", name, "--role", role);
    assertThat(token.code()).as(token.err()).isZero();
    var session = new Session(new ToyWiring());
    var data = role == AgentRole.BODY ? OwnWiring.Data.NONE : OwnWiring.Data.OF_PLAN;
    var limits = OwnerLimits.none();
    var process =
        new AgentProcess(
            new AgentProcess.Settings(
                role, folder.resolve(name), token.out().strip(), false, limits, null),
            new OwnWiring(session, data, null, limits, () -> LocalTime.NOON),
            clock,
            note -> {});
    process.enrol();
    open.add(session);
    open.add(process);
    Thread.ofVirtual()
        .start(() -> {
          try {
            process.run();
          } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
          }
        });
  }

  private static String sha(Path run) throws IOException {
    return Files.readString(run.resolve("summary.json"))
        .replaceAll("(?s).*\"weightsSha256\" : \"([0-9a-f]{64})\".*", "$1");
  }

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void killedCoordinatorGoesOnWithItsRunToTheSameWeights() throws Exception {
    CoordinatorDaemon.init(
        folder.resolve("c"),
        new CoordinatorSettings(
            List.of("127.0.0.1"), "127.0.0.1", freePort(), "", Duration.ofDays(90), 1),
        InstantSource.system());
    var killed = coordinator();
    var clock = new HeldClock(25);
    attend("ward-1", AgentRole.DEVICE, clock);
    attend("host", AgentRole.BODY, InstantSource.system());
    for (int seen = 0; seen < 2; ) {
      seen = ask("devices", "--json").out().split("\"attending\"", -1).length - 1;
    }
    var plan = folder.resolve("plan.yaml");
    Files.writeString(
        plan,
        """
        name: toy
        seed: 3
        lanes: 1
        method:
          sfprompt: { rounds: 4, cohort: 3, examples: 8, batch: 4, headLayers: 1, tailLayers: 1 }
        """);
    var submitted = ask("submit", plan);
    assertThat(submitted.code()).as(submitted.err()).isZero();
    var id = submitted.out().strip();
    clock.held.join();
    killed.destroyForcibly().waitFor();
    assertThat(killed.exitValue()).isEqualTo(137);
    assertThat(ask("runs").code()).isEqualTo(40);

    coordinator();
    clock.release();
    var log = ask("log", id, "--follow", "--json");
    assertThat(log.out())
        .contains("\"kind\":\"resumed\"")
        .contains("the coordinator was started again; it goes on from its last checkpoint")
        .doesNotContain("\"kind\":\"lost\"");
    var run = ask("runs", "--json").json().path("runs").path(0);
    assertThat(run.path("state").asText()).isEqualTo("completed");
    assertThat(ask("pull", id, "--output", folder.resolve("pulled")).code()).isZero();
    assertThat(Ended.toy("", "run", plan, "--output", folder.resolve("local")).code()).isZero();
    assertThat(sha(folder.resolve("pulled")))
        .matches("[0-9a-f]{64}")
        .isEqualTo(sha(folder.resolve("local")));
    assertThat(ask("audit").out())
        .contains("operator admin: submit " + id)
        .contains("coordinator: completed " + id)
        .endsWith("The chain of hashes is whole.\n");
  }
}
