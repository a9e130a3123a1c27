package dev.anabranch.app.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.anabranch.app.run.ToyWiring;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A run that ends by {@code kill -9}, or because the disk is full, and then goes on. The command is
 * the real one, in a process of its own; the engine is the toy.
 */
class KilledIT {
  private static final int ROUNDS = 60;

  @TempDir Path folder;
  private Path plan = Path.of("");

  /** What the process runs. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) {
      System.exit(Root.execute(Console.system(), ToyWiring::new, args));
    }

    /** How to start it, soon and small; processes that it starts are started alike. */
    static List<String> command(Object... words) {
      var out =
          new ArrayList<>(
              List.of(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:TieredStopAtLevel=1",
                  "-XX:+UseSerialGC",
                  "-Xmx256m",
                  "-cp",
                  System.getProperty("java.class.path"),
                  Child.class.getName()));
      List.of(words).forEach(word -> out.add(word.toString()));
      return out;
    }
  }

  @BeforeEach
  void writePlan() throws IOException {
    plan = folder.resolve("plan.yaml");
    Files.writeString(
        plan,
        """
        name: toy
        seed: 3
        method:
          sfprompt: { rounds: %d, cohort: 3, examples: 8, batch: 4, headLayers: 1, tailLayers: 1 }
        codecs: { activation-gradient: { topk: { share: 0.2, feedback: true } } }
        """
            .formatted(ROUNDS));
  }

  private Path undisturbed(int lanes) {
    var at = folder.resolve("whole");
    assertThat(Ended.toy("", "run", plan, "--output", at, "--set", "lanes=" + lanes).code())
        .isZero();
    return at;
  }

  /** The log without the times that differ from run to run. */
  private static List<String> log(Path run) throws IOException {
    return Files.readAllLines(run.resolve("log.jsonl")).stream()
        .map(line -> line.replaceAll("\"(seconds|wallSeconds)\":[^,}]+", ""))
        .toList();
  }

  /** Starts the command and kills it without a warning once it has told of a round. */
  private void killAfter(int round, int lanes, Path at) throws IOException, InterruptedException {
    var command = Child.command("run", plan, "--output", at, "--set", "lanes=" + lanes);
    var process =
        new ProcessBuilder(command).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
    var said = new ArrayList<String>();
    try (var lines =
        new java.io.BufferedReader(
            new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (var line = lines.readLine(); line != null; line = lines.readLine()) {
        said.add(line);
        if (line.startsWith("[ROUND " + round + "/")) {
          break;
        }
      }
      process.destroyForcibly().waitFor();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    assertThat(process.exitValue()).as(String.join("\n", said)).isEqualTo(137);
    assertThat(at.resolve("summary.json")).doesNotExist();
  }

  @ParameterizedTest
  @CsvSource({"1, 1, 2", "7, 2, 4", "25, 4, 1"})
  void killedRunGoesOnToTheSameEnd(int round, int lanes, int others) throws Exception {
    var killed = folder.resolve("killed");
    killAfter(round, lanes, killed);
    var resumed = Ended.toy("", "resume", killed);
    assertThat(resumed.code()).as(resumed.err()).isZero();
    var whole = undisturbed(others);
    assertThat(Ended.sha(killed)).matches("[0-9a-f]{64}").isEqualTo(Ended.sha(whole));
    assertThat(log(killed)).isEqualTo(log(whole));
    assertThat(Ended.toy("", "resume", killed).err())
        .startsWith("anabranch: " + killed + ": complete (expected: ");
  }

  @Test
  void fullDiskLeavesTheLastCheckpoint() throws IOException {
    var full = folder.resolve("full");
    var checkpoints = Files.createDirectories(folder.resolve("elsewhere"));
    Files.createDirectories(full);
    Files.createSymbolicLink(checkpoints.resolve("round-000005.ckpt.part"), Path.of("/dev/full"));
    Files.writeString(full.resolve("plan.yaml"), Files.readString(plan));
    Files.createSymbolicLink(full.resolve("checkpoints"), checkpoints);
    var ended = Ended.toy("", "resume", full, "--json");
    assertThat(ended.code()).isEqualTo(30);
    assertThat(ended.err())
        .contains("anabranch: checkpoint: " + full.resolve("checkpoints/round-000005.ckpt"))
        .contains("No space left on device (expected: room and the right to write in ")
        .endsWith("; go on with: anabranch resume " + full + "\n");
    assertThat(ended.out()).startsWith("{\"success\":false,");
    assertThat(checkpoints.resolve("round-000004.ckpt")).exists();
    assertThat(Ended.toy("", "resume", full).code()).isZero();
    assertThat(Ended.sha(full)).isEqualTo(Ended.sha(undisturbed(2)));
  }
}
