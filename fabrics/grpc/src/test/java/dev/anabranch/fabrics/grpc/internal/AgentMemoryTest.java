package dev.anabranch.fabrics.grpc.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import dev.anabranch.core.NodeId;
import dev.anabranch.core.Tensor;
import dev.anabranch.core.TensorMap;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentMemoryTest {
  @TempDir private Path folder;
  private AgentMemory memory = new AgentMemory(Path.of(""), NodeId.device(3));

  @BeforeEach
  void open() {
    memory = new AgentMemory(folder.resolve("device-3"), NodeId.device(3));
  }

  private static Version version(int round, int attempt) {
    return Version.newBuilder().setRound(round).setAttempt(attempt).build();
  }

  private static TensorMap value(float x) {
    return TensorMap.of(Map.of("x", Tensor.of(new float[] {x}, 1)));
  }

  private float read(Version version) {
    return memory.open(version).memory().get("k").orElseThrow().get("x").get(0);
  }

  private void write(Version before, int round, int attempt, float x) {
    var staged = memory.open(before);
    staged.memory().put("k", value(x));
    assertThat(staged.save(round, attempt)).isTrue();
  }

  @Test
  void attemptsOfOneRound_areApart_andAGoneBackCoordinatorFindsItsOwn() {
    var first = memory.open(null);
    assertThat(first.memory().get("k")).isEmpty();
    first.memory().put("k", value(1));
    assertThat(first.save(0, 0)).isTrue();
    write(version(0, 0), 1, 0, 2);
    write(version(0, 0), 1, 1, 3);
    assertThat(read(version(0, 0))).isEqualTo(1);
    assertThat(read(version(1, 0))).isEqualTo(2);
    assertThat(read(version(1, 1))).isEqualTo(3);
  }

  @Test
  void whatWasNotWritten_isKept_andWhatWasRemoved_isGone() {
    var first = memory.open(null);
    first.memory().put("a", value(1));
    first.memory().put("b", value(2));
    first.save(0, 0);
    var next = memory.open(version(0, 0));
    next.memory().remove("a");
    assertThat(next.memory().get("a")).isEmpty();
    next.save(1, 0);
    var last = memory.open(version(1, 0));
    assertThat(last.memory().get("a")).isEmpty();
    assertThat(last.memory().get("b")).isPresent();
    assertThat(memory.open(version(1, 0)).save(2, 0)).isFalse();
  }

  @Test
  void oldVersions_areForgotten_butAFewRoundsStay() {
    var first = memory.open(null);
    first.memory().put("k", value(0));
    first.save(0, 0);
    for (int round = 1; round < 8; round++) {
      write(version(round - 1, 0), round, 0, round);
    }
    memory.prune(version(6, 0));
    assertThat(read(version(7, 0))).isEqualTo(7);
    assertThat(read(version(3, 0))).isEqualTo(3);
    assertThat(folder.resolve("device-3").resolve("2.0")).doesNotExist();
  }

  @Test
  void versionThatIsNotThere_isRefusedByName() {
    assertThatThrownBy(() -> memory.open(version(4, 1)))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.STORAGE))
        .hasMessage(
            "memory of device 3: nothing of round 5, attempt 2 (expected: in "
                + folder.resolve("device-3")
                + ", where it was kept; restore that folder, or start the run anew)");
    assertThat(Files.exists(folder.resolve("device-3").resolve("4.1"))).isFalse();
  }
}
