package dev.anabranch.app.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.Session;
import dev.anabranch.app.run.ToyWiring;
import dev.anabranch.core.NodeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the owner of a device decides, and sees. */
class OwnerTest {
  private static final String PLAN =
      "name: toy\nlanes: 2\nmethod: { fedavg: { rounds: 1, cohort: 2, examples: 4, batch: 4 } }\n";

  @TempDir Path folder;

  private static void wire(OwnerLimits limits, LocalTime now) {
    try (var session = new Session(new ToyWiring())) {
      var plan = RunPlan.parse(session.catalog(), "plan", PLAN);
      var offer = new Offer(plan.toYaml(), List.of("red", "green", "blue"), 6);
      new OwnWiring(session, OwnWiring.Data.OF_PLAN, null, limits, () -> now)
          .wire("r-1", offer.text());
    }
  }

  @Test
  void limitsAreCheckedBeforeAnOfferIsTaken() {
    wire(OwnerLimits.none(), LocalTime.NOON);
    wire(new OwnerLimits(1 << 30, 1, 0, 0, 0, List.of("fedavg")), LocalTime.NOON);
    assertThatThrownBy(
            () -> wire(new OwnerLimits(0, 0, 0, 0, 0, List.of("sfprompt")), LocalTime.NOON))
        .hasMessage("method: fedavg (expected: one that this device's owner allows: sfprompt)");
    assertThatThrownBy(() -> wire(OwnerLimits.none().withHours("22-6"), LocalTime.NOON))
        .hasMessage("hours: 12:00 (expected: 22:00 to 6:00, as this device's owner allows)");
    wire(OwnerLimits.none().withHours("22-6"), LocalTime.of(23, 0));
    assertThatThrownBy(() -> wire(new OwnerLimits(1, 0, 0, 0, 0, List.of()), LocalTime.NOON))
        .hasMessageStartingWith("memory: ")
        .hasMessageContaining(" by this device's owner (expected: at least ")
        .hasMessageEndingWith(" for the device's part of fedavg)");
    assertThatThrownBy(() -> OwnerLimits.none().withHours("night"))
        .hasMessage("--hours: night (expected: two hours of the day, as 22-6)");
  }

  @Test
  void messagesTakeTheirTimeOneAfterTheOther() {
    var now = new AtomicReference<>(Instant.EPOCH);
    var pace = new Pace(1000, now::get);
    assertThat(pace.take(500)).isEqualTo(Duration.ofMillis(500));
    assertThat(pace.take(2000)).isEqualTo(Duration.ofMillis(2500));
    now.set(Instant.ofEpochSecond(2));
    assertThat(pace.take(1)).isEqualTo(Duration.ofMillis(501));
    now.set(Instant.ofEpochSecond(100)); // what was not used is gone
    assertThat(pace.take(3000)).isEqualTo(Duration.ofSeconds(3));
    assertThat(pace.take(1L << 40)).isEqualTo(Duration.ofMillis(3000 + 1_099_511_627_776L));
    assertThat(new Pace(0, now::get).take(1L << 40)).isZero();
  }

  @Test
  void recordSumsUpWhatWasSentAndOutlivesACrash() throws IOException {
    try (var record = new SentRecord(folder, () -> Instant.EPOCH, 0)) {
      record.sent("r-1", 0, NodeId.device(1), NodeId.COORDINATOR, "update", 10);
      record.sent("r-1", 0, NodeId.device(1), NodeId.COORDINATOR, "update", 5);
      record.sent("r-1", 1, NodeId.device(1), NodeId.COORDINATOR, "report", 7);
    }
    Files.writeString(folder.resolve("sent.jsonl"), "{\"at\":\"1970", StandardOpenOption.APPEND);
    try (var record = new SentRecord(folder, () -> Instant.EPOCH, 0)) {
      record.sent("r-1", 0, NodeId.device(1), NodeId.COORDINATOR, "update", 1);
    }
    assertThat(SentRecord.read(folder))
        .containsExactly(
            new SentRecord.Sum("r-1", 0, "update", 3, 16),
            new SentRecord.Sum("r-1", 1, "report", 1, 7));
    assertThat(SentRecord.read(folder.resolve("nowhere"))).isEmpty();
  }
}
