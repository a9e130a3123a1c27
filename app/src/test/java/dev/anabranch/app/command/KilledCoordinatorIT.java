package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A coordinator, a process of its own, that ends by {@code kill -9} in the middle of a visit and is
 * started again by whoever looks after it; the agents notice by themselves.
 */
class KilledCoordinatorIT {
  @TempDir Path folder;
  private Operated here = new Operated(Path.of(""));

  @BeforeEach
  void start() {
    here = new Operated(folder);
  }

  @AfterEach
  void stop() throws Exception {
    here.close();
  }

  /** Starts it, and waits until it listens. */
  private Process coordinator() throws IOException {
    var process =
        new ProcessBuilder(
                KilledIT.Child.command(
                    "coordinator", "--data", here.coordinator(), "--deadline", 60))
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    here.closing(() -> process.destroyForcibly().waitFor());
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

  private static int freePort() throws IOException {
    try (var socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  @Test
  void killedCoordinatorGoesOnWithItsRunToTheSameWeights() throws Exception {
    CoordinatorDaemon.init(
        here.coordinator(),
        new CoordinatorSettings(
            List.of("127.0.0.1"), "127.0.0.1", freePort(), "", Duration.ofDays(90), 1),
        InstantSource.system());
    var killed = coordinator();
    var clock = new HeldClock(25);
    here.attend("ward-1", AgentRole.DEVICE, clock);
    here.attend("host", AgentRole.BODY, InstantSource.system());
    here.awaitAttending(2);
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
    var submitted = here.ask("submit", plan);
    assertThat(submitted.code()).as(submitted.err()).isZero();
    var id = submitted.out().strip();
    clock.held.join();
    killed.destroyForcibly().waitFor();
    assertThat(killed.exitValue()).isEqualTo(137);
    assertThat(here.ask("runs").code()).isEqualTo(40);

    coordinator();
    clock.release();
    var log = here.ask("log", id, "--follow", "--json");
    assertThat(log.out())
        .contains("\"kind\":\"resumed\"")
        .contains("the coordinator was started again; it goes on from its last checkpoint")
        .doesNotContain("\"kind\":\"lost\"");
    var run = here.run();
    assertThat(run.path("state").asText()).isEqualTo("completed");
    assertThat(here.ask("pull", id, "--output", folder.resolve("pulled")).code()).isZero();
    assertThat(Ended.toy("", "run", plan, "--output", folder.resolve("local")).code()).isZero();
    assertThat(Ended.sha(folder.resolve("pulled")))
        .matches("[0-9a-f]{64}")
        .isEqualTo(Ended.sha(folder.resolve("local")));
    assertThat(here.ask("audit").out())
        .contains("operator admin: submit " + id)
        .contains("coordinator: completed " + id)
        .endsWith("The chain of hashes is whole.\n");
  }
}
