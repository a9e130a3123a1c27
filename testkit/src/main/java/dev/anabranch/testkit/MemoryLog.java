package dev.anabranch.testkit;

import dev.anabranch.core.RunLog;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A run log in memory. Thread-safe. */
public final class MemoryLog implements RunLog {
  /** One line. */
  public record Line(String kind, int round, Map<String, Object> fields) {}

  private final List<Line> lines = new ArrayList<>();

  @Override
  public synchronized void append(String kind, int round, Map<String, ?> fields) {
    lines.add(new Line(kind, round, new LinkedHashMap<>(fields)));
  }

  public synchronized List<Line> lines() {
    return List.copyOf(lines);
  }

  public List<Line> of(String kind) {
    return lines().stream().filter(line -> line.kind().equals(kind)).toList();
  }

  /** The lines without the fields that wall time decides. */
  public List<Line> timeless() {
    return lines().stream()
        .map(line -> {
          var fields = new LinkedHashMap<>(line.fields());
          fields.remove("wallSeconds");
          if (line.kind().equals("compute")) {
            fields.remove("seconds");
          }
          return new Line(line.kind(), line.round(), fields);
        })
        .toList();
  }
}
