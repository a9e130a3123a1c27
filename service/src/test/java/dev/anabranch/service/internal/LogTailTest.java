package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogTailTest {
  @TempDir Path folder;

  private Path log() {
    return folder.resolve("log.jsonl");
  }

  private void append(String text) throws IOException {
    Files.writeString(log(), text, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  private static String text(LogTail.News news) {
    return new String(news.text(), StandardCharsets.UTF_8);
  }

  @Test
  void linesComeOnceAndWhole() throws IOException {
    var tail = new LogTail(log(), 0);
    assertThat(tail.poll().empty()).isTrue();
    append("one\ntwo\nthr");
    assertThat(text(tail.poll())).isEqualTo("one\ntwo\n");
    assertThat(tail.poll().empty()).isTrue();
    append("ee\n");
    assertThat(text(tail.poll())).isEqualTo("three\n");
  }

  @Test
  void firstLinesAreLeftOut() throws IOException {
    append("one\ntwo\nthree\n");
    assertThat(text(new LogTail(log(), 2).poll())).isEqualTo("three\n");
    var whole = new LogTail(log(), 3);
    assertThat(whole.poll().empty()).isTrue();
    append("four\n");
    assertThat(text(whole.poll())).isEqualTo("four\n");
  }

  @Test
  void logThatIsCutBackAndGrowsAgainIsNoticed() throws IOException {
    append("one\ntwo\nthree\n");
    var tail = new LogTail(log(), 0);
    tail.poll();
    Files.writeString(log(), "one\nTWO\nTHREE\nfour\n");
    assertThat(tail.poll().cut()).isEqualTo(1);
    assertThat(text(tail.poll())).isEqualTo("TWO\nTHREE\nfour\n");
    Files.delete(log());
    assertThat(tail.poll().cut()).isZero();
  }

  @Test
  void whoHasSeenMoreThanThereIsIsTold() throws IOException {
    append("one\ntwo\n");
    var tail = new LogTail(log(), 5);
    assertThat(tail.poll().cut()).isEqualTo(2);
    append("three\n");
    assertThat(text(tail.poll())).isEqualTo("three\n");
  }
}
