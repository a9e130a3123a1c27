package dev.anabranch.core;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class FileRunLogTest {
  @TempDir Path folder;

  @Test
  void events_areOneFlatObjectALine() throws IOException {
    var file = folder.resolve("log.jsonl");
    try (var log = new FileRunLog(file)) {
      var fields = new LinkedHashMap<String, Object>();
      fields.put("name", "a \"b\"\n\u0001ü");
      fields.put("list", List.of(1, 2));
      fields.put("bad", Double.NaN);
      fields.put("value", 0.5);
      log.append("metric", 3, fields);
      log.append("end", 4, Map.of());
    }
    assertThat(Files.readString(file))
        .isEqualTo(
            "{\"kind\":\"metric\",\"round\":3,\"name\":\"a"
                + " \\\"b\\\"\\n\\u0001ü\",\"list\":[1,2],\"bad\":null,\"value\":0.5}\n"
                + "{\"kind\":\"end\",\"round\":4}\n");
  }

  @Test
  void log_isAppendedToAndCutBack() throws IOException {
    var file = folder.resolve("log.jsonl");
    long size;
    try (var log = new FileRunLog(file)) {
      log.append("round", 0, Map.of());
      size = log.size();
      log.append("round", 1, Map.of());
    }
    try (var log = new FileRunLog(file)) {
      log.cut(size);
      log.append("end", 0, Map.of());
    }
    assertThat(Files.readAllLines(file))
        .containsExactly("{\"kind\":\"round\",\"round\":0}", "{\"kind\":\"end\",\"round\":0}");
  }
}
