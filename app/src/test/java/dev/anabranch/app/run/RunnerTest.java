package dev.anabranch.app.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.DeviceProfile;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Progress;
import dev.anabranch.core.Totals;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunnerTest {
  private static final Runner.Watch SILENT = watch(Integer.MAX_VALUE);

  @TempDir Path folder;

  /** A watch that ends the process, so to speak, when a round has ended. */
  private static Runner.Watch watch(int lastRound) {
    return new Runner.Watch() {
      @Override
      public Progress start(Path folder, String label, int rounds) {
        return new Progress() {
          @Override
          public void round(int round, double accuracy, long bytes, double virtualSeconds) {
            if (round >= lastRound) {
              throw new AnabranchException(Failure.STORAGE, "stopped");
            }
          }
        };
      }

      @Override
      public void note(String text) {}
    };
  }

  private static RunPlan plan(Session session) {
    return RunPlan.of(
        session.catalog(),
        Map.of(
            "lanes",
            1,
            "method",
            Map.of("fedavg", Map.of("rounds", 5, "cohort", 3, "examples", 8, "batch", 4))));
  }

  @Test
  void resumedRunEqualsAnUninterruptedOne() throws IOException {
    try (var session = new Session(new ToyWiring())) {
      var runner = new Runner(session);
      var whole = runner.run(plan(session), "fedavg", folder.resolve("whole"), SILENT);
      var broken = folder.resolve("broken");
      assertThatThrownBy(() -> runner.run(plan(session), "fedavg", broken, watch(2)))
          .hasMessage("stopped; go on with: anabranch resume " + broken);
      assertThat(broken.resolve("summary.json")).doesNotExist();
      var resumed = runner.resume(broken, SILENT);
      assertThat(resumed.weightsSha256()).isEqualTo(whole.weightsSha256());
      assertThat(resumed.totals().total()).isEqualTo(whole.totals().total());
      assertThat(resumed.rounds()).isEqualTo(5);
      assertThat(rounds(broken)).isEqualTo(rounds(folder.resolve("whole")));
    }
  }

  @Test
  void resumedRunIsCalledAsItWas() throws IOException {
    try (var session = new Session(new ToyWiring())) {
      var runner = new Runner(session);
      for (int round : new int[] {0, 2}) {
        var at = folder.resolve("broken-" + round);
        var label = "fedavg{batch: 4}";
        assertThatThrownBy(() -> runner.run(plan(session), label, at, watch(round)))
            .hasMessageStartingWith("stopped");
        assertThat(runner.resume(at, SILENT).label()).isEqualTo(label);
      }
      var log = folder.resolve("log.jsonl");
      assertThat(Records.label(log)).isEmpty();
      Files.writeString(log, "{\"kind\":\"run\",\"label\":\"cut o");
      assertThat(Records.label(log)).isEmpty();
      Files.writeString(log, "{\"kind\":\"run\",\"round\":-1}\n");
      assertThat(Records.label(log)).isEmpty();
    }
  }

  private static List<String> rounds(Path run) throws IOException {
    return Files.readAllLines(run.resolve("log.jsonl")).stream()
        .filter(line -> line.contains("\"kind\":\"round\"") || line.contains("\"kind\":\"wire\""))
        .toList();
  }

  @Test
  void profileWithoutTheMemoryIsRefusedByName() {
    try (var session = new Session(new ToyWiring())) {
      var plan =
          plan(session)
              .with(Map.of("devices", Map.of("profiles", List.of("raspberry-pi-5", "laptop"))));
      var peaks = new TreeMap<>(Map.of(NodeId.device(0), 5_476_083_302L, NodeId.device(1), 1L));
      assertThatThrownBy(() -> Feasibility.requireMemory(plan, totals(peaks)))
          .hasMessage(
              "devices.profiles: raspberry-pi-5 has 4.0 GiB (expected: at least 5.1 GiB for the"
                  + " device's part of fedavg)")
          .extracting(e -> ((AnabranchException) e).failure())
          .isEqualTo(Failure.INFEASIBLE);
      assertThat(
              Feasibility.peaks(plan, totals(new TreeMap<>(Map.of(NodeId.device(0), 7L))))
                  .entrySet()
                  .stream()
                  .collect(
                      java.util.stream.Collectors.toMap(
                          e -> e.getKey().name(), Map.Entry::getValue)))
          .isEqualTo(Map.of("raspberry-pi-5", 7L, "laptop", 7L));
    }
  }

  private static Totals totals(TreeMap<NodeId, Long> peaks) {
    return new Totals(0, 0, 0, 0, 0, new TreeMap<>(), new TreeMap<>(), peaks);
  }

  @Test
  void everyProfileHasItsSource() {
    assertThat(Installed.profiles())
        .extracting(DeviceProfile::source)
        .allMatch(source -> source.length() > 40);
  }
}
