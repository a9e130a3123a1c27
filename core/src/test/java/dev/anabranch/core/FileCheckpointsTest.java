package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileCheckpointsTest {
  @TempDir Path folder;

  private static TensorMap map(String name, float... values) {
    return TensorMap.of(Map.of(name, Tensor.of(values, values.length)));
  }

  private static Checkpoint checkpoint(int nextRound) {
    var out = new WireOut();
    Codecs.TENSORS.encode(map("w", nextRound, 2, 3), out, Memory.NONE);
    return new Checkpoint(
        nextRound,
        out.finish(),
        Map.of(NodeId.device(3), Map.of("sent", map("v", 7), "none", TensorMap.empty())),
        Map.of("lost", "2"));
  }

  private List<Path> files() throws IOException {
    try (var all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  private static void damage(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
  }

  @Test
  void checkpoint_readsBackTheSame() {
    new FileCheckpoints(folder).save(checkpoint(4));
    var back = new FileCheckpoints(folder).last().orElseThrow();
    assertThat(back.nextRound()).isEqualTo(4);
    assertThat(back.notes()).isEqualTo(Map.of("lost", "2"));
    assertThat(Codecs.TENSORS.decode(back.state().open(), Memory.NONE).sha256())
        .isEqualTo(map("w", 4, 2, 3).sha256());
    var memory = Objects.requireNonNull(back.memories().get(NodeId.device(3)));
    assertThat(memory).containsOnlyKeys("sent", "none");
    assertThat(Objects.requireNonNull(memory.get("sent")).sha256()).isEqualTo(map("v", 7).sha256());
  }

  @Test
  void lastTwo_areKept() throws IOException {
    var checkpoints = new FileCheckpoints(folder);
    for (int round = 1; round <= 4; round++) {
      checkpoints.save(checkpoint(round));
    }
    assertThat(files())
        .extracting(p -> p.getFileName().toString())
        .containsExactly("round-000003.ckpt", "round-000004.ckpt");
  }

  @Test
  void damagedNewest_givesTheOneBefore() throws IOException {
    var checkpoints = new FileCheckpoints(folder);
    checkpoints.save(checkpoint(1));
    checkpoints.save(checkpoint(2));
    damage(files().get(1));
    var notes = new ArrayList<String>();
    var last = new FileCheckpoints(folder, null, notes::add).last().orElseThrow();
    assertThat(last.nextRound()).isEqualTo(1);
    assertThat(notes).hasSize(1);
    assertThat(notes.getFirst())
        .contains("round-000002.ckpt is damaged")
        .contains("the one before it is used");
  }

  @Test
  void anyCutFile_isRefused() throws IOException {
    new FileCheckpoints(folder).save(checkpoint(1));
    var file = files().getFirst();
    byte[] whole = Files.readAllBytes(file);
    for (int length = 0; length < whole.length; length++) {
      Files.write(file, java.util.Arrays.copyOf(whole, length));
      assertThatThrownBy(() -> new FileCheckpoints(folder).last())
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.CORRUPT))
          .hasMessageStartingWith("checkpoints in " + folder + ": [")
          .hasMessageEndingWith(
              "(expected: at least one that is whole; start the run anew in another folder)");
    }
  }

  private static Checkpoint remembering(int nextRound, Map<String, TensorMap> memory) {
    var small = checkpoint(nextRound);
    return new Checkpoint(
        nextRound, small.state(), Map.of(NodeId.device(3), memory), small.notes());
  }

  private static TensorMap large(float value) {
    float[] values = new float[300_000];
    java.util.Arrays.fill(values, value);
    return map("v", values);
  }

  private List<Path> memoryFiles() throws IOException {
    return files().stream().filter(p -> p.getFileName().toString().startsWith("memory-")).toList();
  }

  @Test
  void largeMemories_areWrittenOnce_andOnlyWhileNamed() throws IOException {
    var checkpoints = new FileCheckpoints(folder);
    var rests = large(1);
    checkpoints.save(remembering(1, Map.of("rests", rests, "works", large(2))));
    var first = memoryFiles();
    assertThat(first).hasSize(2);
    var inodes = new java.util.HashMap<Path, Object>();
    for (var file : first) {
      inodes.put(file, Files.getAttribute(file, "unix:ino"));
    }
    checkpoints.save(remembering(2, Map.of("rests", rests, "works", large(3))));
    assertThat(memoryFiles()).hasSize(3).containsAll(first);
    var resumed = new FileCheckpoints(folder);
    var memory =
        Objects.requireNonNull(resumed.last().orElseThrow().memories().get(NodeId.device(3)));
    assertThat(Objects.requireNonNull(memory.get("rests")).sha256()).isEqualTo(rests.sha256());
    assertThat(Objects.requireNonNull(memory.get("works")).sha256()).isEqualTo(large(3).sha256());
    resumed.save(remembering(3, Map.of("rests", Objects.requireNonNull(memory.get("rests")))));
    assertThat(memoryFiles()).hasSize(2);
    resumed.save(remembering(4, Map.of("rests", large(1))));
    assertThat(memoryFiles()).hasSize(1);
    var last = memoryFiles().getFirst();
    assertThat(Files.getAttribute(last, "unix:ino")).isEqualTo(inodes.get(last));
  }

  @Test
  void damagedOrMissingMemory_givesTheOneBefore() throws IOException {
    var checkpoints = new FileCheckpoints(folder);
    checkpoints.save(remembering(1, Map.of("works", large(1))));
    var before = memoryFiles();
    checkpoints.save(remembering(2, Map.of("works", large(2))));
    var newest = memoryFiles().stream().filter(f -> !before.contains(f)).findFirst().orElseThrow();
    for (var wrong : List.of("its SHA-256 differs", "bytes (expected: 1200000", "not there")) {
      switch (wrong) {
        case "not there" -> Files.delete(newest);
        case "its SHA-256 differs" -> damage(newest);
        default -> Files.write(newest, new byte[5]);
      }
      var notes = new ArrayList<String>();
      var last = new FileCheckpoints(folder, null, notes::add).last().orElseThrow();
      assertThat(last.nextRound()).isEqualTo(1);
      assertThat(notes).singleElement().asString().contains(wrong);
    }
  }

  @Test
  void unwritableFolder_saysThatTheLastOneStands() throws IOException {
    var blocked = folder.resolve("file");
    Files.writeString(blocked, "no folder");
    assertThatThrownBy(() -> new FileCheckpoints(blocked).save(checkpoint(1)))
        .isInstanceOfSatisfying(
            AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.STORAGE))
        .hasMessageContaining("the right to write in " + blocked)
        .hasMessageContaining("the last good checkpoint stands");
  }

  @Test
  void log_isCutBackToTheCheckpoint() throws IOException {
    var file = folder.resolve("log.jsonl");
    try (var log = new FileRunLog(file)) {
      log.append("round", 0, Map.of());
      new FileCheckpoints(folder, log, note -> {}).save(checkpoint(1));
      log.append("round", 1, Map.of());
    }
    try (var log = new FileRunLog(file)) {
      assertThat(new FileCheckpoints(folder, log, note -> {}).last()).isPresent();
    }
    assertThat(Files.readAllLines(file)).containsExactly("{\"kind\":\"round\",\"round\":0}");
  }

  @Test
  void runFolder_isHeldByOne() {
    try (var first = RunLock.take(folder)) {
      assertThat(first).isNotNull();
      assertThatThrownBy(() -> RunLock.take(folder))
          .isInstanceOfSatisfying(
              AnabranchException.class, e -> assertThat(e.failure()).isEqualTo(Failure.IN_USE))
          .hasMessage(
              "run folder: " + folder + " (expected: not in use; another process holds it)");
    }
    RunLock.take(folder).close();
  }
}
