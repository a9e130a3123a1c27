package dev.anabranch.fabrics.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Codecs;
import dev.anabranch.core.Device;
import dev.anabranch.core.Failure;
import dev.anabranch.core.Outcome;
import dev.anabranch.core.TensorMap;
import dev.anabranch.core.Topic;
import dev.anabranch.testkit.MemoryLog;
import dev.anabranch.testkit.Programs;
import dev.anabranch.testkit.Remembering;
import dev.anabranch.testkit.Split;
import dev.anabranch.testkit.ToyEngine;
import dev.anabranch.testkit.ToyJob;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What one device does wrong costs that device its visit, and nobody else anything. */
@Timeout(60)
class LostVisitsIT {
  private static final int DEVICES = 3;
  private static final Topic<TensorMap> FOREIGN = new Topic<>("foreign", Codecs.TENSORS);

  @TempDir private Path folder;
  private final MemoryLog log = new MemoryLog();

  /** Device 2 does something else. */
  private Outcome run(Programs method, Consumer<Device> other) {
    return run(method, me -> me.id().index() == 2, other);
  }

  private Outcome run(Programs method, Predicate<Device> who, Consumer<Device> other) {
    var disturbed =
        new Programs(
            method.needs(),
            method.coordinator(),
            me -> (who.test(me) ? other : method.device()).accept(me),
            method.body());
    try (var engine = ToyEngine.small(2);
        var federation = new Federation(folder, DEVICES, Duration.ofSeconds(30))) {
      var job = ToyJob.of(engine, DEVICES).withLog(log).job(method.use(engine.facts()));
      return federation.fabric().run(disturbed, job);
    }
  }

  private void assertOnlyDevice2Lost(Outcome outcome, String reason) {
    assertThat(outcome.lost()).isEqualTo(1);
    assertThat(log.of("lost"))
        .singleElement()
        .satisfies(line ->
            assertThat(line.fields()).containsAllEntriesOf(Map.of("device", 2, "reason", reason)));
    assertThat(outcome.trained().isFinite()).isTrue();
  }

  @Test
  void programThatFails() {
    var outcome =
        run(
            Remembering.method(1),
            me -> {
              throw new IllegalStateException("no such thing");
            });
    assertOnlyDevice2Lost(
        outcome,
        "java.lang.IllegalStateException: no such thing (expected: a program that ends well)");
  }

  @Test
  void programThatFailsEverywhere_leavesNoQuorum() {
    assertThatThrownBy(() ->
            run(
                Remembering.method(1),
                me -> true,
                me -> {
                  throw new AnabranchException(Failure.STORAGE, "disk: full (expected: room)");
                }))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.QUORUM))
        .hasMessageContaining("device 0=disk: full (expected: room)");
  }

  @Test
  void messageOfAnotherTopic() {
    var outcome =
        run(Remembering.method(1), me -> me.coordinator().send(FOREIGN, TensorMap.empty()));
    assertOnlyDevice2Lost(
        outcome, "update: topic from device 2: 'foreign' (expected: 'update'); it is refused");
  }

  @Test
  void messageOfAnotherCodec() {
    var other = new Topic<>("update", Codecs.TENSORS);
    var outcome = run(Remembering.method(1), me -> me.coordinator().send(other, TensorMap.empty()));
    assertOnlyDevice2Lost(
        outcome,
        "update: codec of 'update' from device 2: "
            + Codecs.TENSORS.id()
            + " (expected: "
            + Codecs.UPDATE.id()
            + "); it is refused");
  }

  @Test
  void messageThatTheBodyCannotRead() {
    var outcome = run(Split.method(1), me -> me.body().send(FOREIGN, TensorMap.empty()));
    assertOnlyDevice2Lost(outcome, "topic from device 2: 'foreign' (expected: 'activation')");
  }
}
