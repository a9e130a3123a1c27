package dev.anabranch.app.daemon;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.app.plan.RunPlan;
import dev.anabranch.app.run.InstalledWiring;
import dev.anabranch.app.run.Session;
import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.fabrics.grpc.Wired;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A device with a file of its owner's, as {@code device --data} has it. */
class OwnDataIT {
  @TempDir Path folder;
  private final List<String> notes = new ArrayList<>();

  private Wired wire(String columns, String source, String... rows)
      throws IOException, URISyntaxException {
    var file = folder.resolve("own.csv");
    Files.writeString(file, columns + "\n" + String.join("\n", rows) + "\n");
    var model = Objects.requireNonNull(OwnDataIT.class.getResource("/tiny-llama"));
    try (var session = new Session(new InstalledWiring())) {
      var plan =
          RunPlan.parse(
              session.catalog(),
              "plan",
              """
              name: rivers
              model: { source: { path: { path: "%s" } } }
              task: { kind: causal-lm, maxTokens: 24 }
              data:
                source: { file: { path: nowhere.csv, %s } }
                partition: { iid: { devices: 2 } }
              method: { fedavg: { rounds: 1, cohort: 2, parameterisation: { lora: { r: 2 } } } }
              """
                  .formatted(Path.of(model.toURI()), source));
      return new OwnWiring(
              session,
              OwnWiring.Data.OWN,
              file,
              OwnerLimits.none(),
              () -> LocalTime.NOON,
              notes::add)
          .wire("r-1", new Offer(plan.toYaml(), List.of("a", "b"), 2).text());
    }
  }

  private void assertRefused(String message, String columns, String source, String... rows) {
    assertThatThrownBy(() -> wire(columns, source, rows))
        .isInstanceOf(AnabranchException.class)
        .hasMessage(message)
        .extracting(e -> ((AnabranchException) e).failure())
        .isEqualTo(Failure.DATA);
  }

  @Test
  void everyDeviceOfThePlanHasTheOwnersExamples() throws Exception {
    var shards =
        wire("text,label", "label: label", "the river,b", "joins again,a", "downstream,b")
            .job()
            .hosts()
            .shards();
    assertThat(shards).hasSize(2).allMatch(shard -> shard.size() == 3);
  }

  @Test
  void fileThatDoesNotFitThePlanIsRefusedByName() {
    var file = folder.resolve("own.csv");
    assertRefused(
        "data.source.file.label: label (expected: what this device's data have; its owner finds"
            + " more in its own log)",
        "text,mood",
        "label: label",
        "the river,b");
    assertRefused(
        "data of this device: do not fit the plan (expected: what this device's data have; its"
            + " owner finds more in its own log)",
        "text,label",
        "label: label",
        "the river,c",
        "the bank,a");
    assertThat(notes)
        .containsExactly(
            "run r-1: data.source.file.label: label (expected: a column of own.csv: text, mood)",
            "run r-1: labels of "
                + file
                + ": 'c' (expected: one of those that the run knows: a, b)");
  }
}
