package dev.anabranch.fabrics.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.Checkpoint;
import dev.anabranch.core.Checkpoints;
import dev.anabranch.core.Faults;
import dev.anabranch.core.FileCheckpoints;
import dev.anabranch.core.FileRunLog;
import dev.anabranch.core.Outcome;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A run on disk, interrupted at the worst moments, ends as if nothing had happened, and so does its
 * log.
 */
final class ResumeIT {
  @TempDir Path folder;

  /** Where a run is cut off. */
  private enum Moment {
    NEVER,
    BEFORE_SAVING,
    AFTER_SAVING
  }

  private static Outcome run(Path at, Moment moment, int round) throws IOException {
    Files.createDirectories(at);
    try (var engine = ToyEngine.small(2);
        var log = new FileRunLog(at.resolve("log.jsonl"))) {
      var files = new FileCheckpoints(at.resolve("checkpoints"), log, note -> {});
      var checkpoints =
          new Checkpoints() {
            @Override
            public void save(Checkpoint checkpoint) {
              boolean now = checkpoint.nextRound() == round;
              if (now && moment == Moment.BEFORE_SAVING) {
                throw new AssertionError("cut off");
              }
              files.save(checkpoint);
              if (now && moment == Moment.AFTER_SAVING) {
                throw new AssertionError("cut off");
              }
            }

            @Override
            public Optional<Checkpoint> last() {
              return files.last();
            }
          };
      var method = Remembering.method(4);
      var faults = new Faults(0, List.of(new Faults.Visit(1, 1)), Set.of());
      var job =
          ToyJob.of(engine, 5)
              .withFaults(faults)
              .withLog(log)
              .withCheckpoints(checkpoints)
              .withEvaluateEvery(2);
      return new LocalFabric().run(method, job.job(method.use(engine.facts())));
    }
  }

  /** The log without wall time. */
  private static List<String> log(Path at) throws IOException {
    return Files.readAllLines(at.resolve("log.jsonl")).stream()
        .map(line -> line.replaceAll("\"(seconds|wallSeconds)\":[0-9.E-]+", ""))
        .toList();
  }

  @Test
  void interruptedRun_endsAsIfNothingHadHappened() throws IOException {
    var whole = folder.resolve("whole");
    var expected = run(whole, Moment.NEVER, 0);
    assertThat(log(whole)).isNotEmpty();
    for (var moment : List.of(Moment.BEFORE_SAVING, Moment.AFTER_SAVING)) {
      for (int round = 2; round <= 4; round++) {
        int cut = round;
        var at = folder.resolve(moment + "-" + round);
        assertThatThrownBy(() -> run(at, moment, cut)).hasMessage("cut off");
        var actual = run(at, Moment.NEVER, 0);
        assertThat(actual.trained().sha256()).isEqualTo(expected.trained().sha256());
        assertThat(actual.totals()).isEqualTo(expected.totals());
        assertThat(actual.virtualSeconds()).isEqualTo(expected.virtualSeconds());
        assertThat(actual.lost()).isEqualTo(expected.lost()).isEqualTo(1);
        assertThat(actual.last()).isEqualTo(expected.last());
        assertThat(log(at)).isEqualTo(log(whole));
      }
    }
  }
}
