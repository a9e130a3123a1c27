package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A rehearsal with drawn faults: processes of their own, over TLS; the engine is the toy. With this
 * seed each kind of process is killed, a line is cut and a process stopped, for a second each.
 */
@Timeout(300)
class RehearseIT {
  private static final int ROUNDS = 10;
  private static final int FAULTS = 4;

  @TempDir Path folder;
  private Path plan = Path.of("");

  @BeforeEach
  void writePlan() throws IOException {
    plan = folder.resolve("plan.yaml");
    Files.writeString(
        plan,
        """
        name: toy
        seed: 2339
        lanes: 1
        method:
          sfprompt: { rounds: %d, cohort: 3, examples: 8, batch: 4, headLayers: 1, tailLayers: 1 }
        codecs: { activation-gradient: { topk: { share: 0.2, feedback: true } } }
        """
            .formatted(ROUNDS));
  }

  /** Starts the command in a process; those that it starts get the same options. */
  private Ended rehearse(Object... words) throws IOException, InterruptedException {
    var out = folder.resolve("out");
    var err = folder.resolve("err");
    var all = new ArrayList<Object>(List.of("rehearse", plan));
    all.addAll(List.of(words));
    var process =
        new ProcessBuilder(KilledIT.Child.command(all.toArray()))
            .redirectOutput(out.toFile())
            .redirectError(err.toFile())
            .start();
    int code = process.waitFor();
    return new Ended(
        code,
        Files.readString(out, StandardCharsets.UTF_8),
        Files.readString(err, StandardCharsets.UTF_8));
  }

  @Test
  void whateverBefallsProcesses_theWeightsAreThoseOfALocalRun() throws Exception {
    var ended =
        rehearse("--devices", 2, "--chaos", FAULTS, "--output", folder.resolve("rehearsal"));
    assertThat(ended.code()).as(ended.err()).isZero();
    assertThat(ended.err().lines().filter(line -> line.startsWith("--fault "))).hasSize(FAULTS);
    assertThat(ended.out())
        .contains("equal after " + ROUNDS + " rounds, 0 visits lost\n")
        .doesNotContain("NOT");
    assertThat(ended.out().lines().filter(line -> line.startsWith("fault "))).hasSize(FAULTS);
  }
}
