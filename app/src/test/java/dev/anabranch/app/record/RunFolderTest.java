package dev.anabranch.app.record;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunFolderTest {
  @TempDir Path parent;

  @Test
  void sameSecondGivesAnotherFolder() {
    var now = Instant.parse("2025-01-02T03:04:05Z");
    var first = RunFolder.reserve(parent, "spam", now);
    var second = RunFolder.reserve(parent, "spam", now);
    assertThat(first.getFileName().toString()).matches("spam-2025010[123]-\\d{6}");
    assertThat(second).hasFileName(first.getFileName() + "-2");
  }

  @Test
  void folderInUseIsRefused() {
    var path = parent.resolve("run");
    try (var held = RunFolder.open(path)) {
      assertThat(held.path()).isEqualTo(path);
      assertThatThrownBy(() -> RunFolder.open(path))
          .hasMessage("run folder: " + path + " (expected: not in use; another process holds it)");
    }
    RunFolder.open(path).close(); // free again
  }

  @Test
  void namedFolderMustBeEmpty() throws IOException {
    var path = RunFolder.reserve(parent.resolve("mine"));
    Files.writeString(path.resolve("x"), "x");
    assertThatThrownBy(() -> RunFolder.reserve(path))
        .hasMessage(
            path
                + ": not empty (expected: a new or empty folder; to go on with a run, use"
                + " 'anabranch resume "
                + path
                + "')");
  }

  @Test
  void completeRunIsNotResumed() throws IOException {
    var path = parent.resolve("run");
    assertThatThrownBy(() -> RunFolder.reopen(path))
        .hasMessage(path + ": no plan.yaml in it (expected: the folder of a run)");
    Files.createDirectories(path);
    Files.writeString(RunFolder.plan(path), "");
    RunFolder.reopen(path).close();
    Files.writeString(RunFolder.summary(path), "{}");
    assertThatThrownBy(() -> RunFolder.reopen(path))
        .hasMessage(
            path
                + ": complete (expected: a run that was interrupted; see this one with 'anabranch"
                + " report "
                + path
                + "')");
  }

  @Test
  void smallFileIsReplacedWhole() throws IOException {
    try (var folder = RunFolder.open(parent.resolve("run"))) {
      folder.write(folder.summary(), "one");
      folder.write(folder.summary(), "two");
      assertThat(folder.summary()).hasContent("two");
      try (var files = Files.list(folder.path())) {
        assertThat(files.map(p -> p.getFileName().toString()))
            .containsExactlyInAnyOrder(".lock", "summary.json");
      }
    }
  }
}
