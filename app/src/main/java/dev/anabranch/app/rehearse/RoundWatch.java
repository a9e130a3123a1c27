package dev.anabranch.app.rehearse;

import dev.anabranch.app.record.Json;
import dev.anabranch.core.AnabranchException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/**
 * Reads from a run's log which round is in progress. The log is cut back when the run is resumed,
 * so all of it is read each time. Not thread-safe.
 */
final class RoundWatch {
  private final Path log;
  private long size = -1;
  private int current;
  private String failure = "";

  RoundWatch(Path log) {
    this.log = log;
  }

  /** The round in progress, from 1; 0 before any. */
  int round() {
    try {
      long now = Files.size(log);
      if (now != size) {
        size = now;
        current = read(Files.readString(log, StandardCharsets.UTF_8));
      }
    } catch (NoSuchFileException e) {
      return 0;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return current;
  }

  /** Why the run has failed; empty if it has not. */
  String failure() {
    return failure;
  }

  private int read(String text) {
    int last = 0;
    failure = "";
    int whole = text.lastIndexOf('\n') + 1;
    for (var line : (Iterable<String>) text.substring(0, whole).lines()::iterator) {
      boolean invited = line.startsWith("{\"kind\":\"attempt\"") && line.contains("\"invited\"");
      boolean end = line.startsWith("{\"kind\":\"end\"");
      if (!invited && !end) {
        continue;
      }
      try {
        var fields = Json.object(log, line);
        if (invited && fields.get("round") instanceof Number round) {
          last = Math.max(last, 1 + round.intValue());
        }
        if ("failed".equals(fields.get("state"))) {
          failure = String.valueOf(fields.get("reason"));
        }
      } catch (AnabranchException e) {
        continue; // a line that was cut while it was read; it is read again
      }
    }
    return last;
  }
}
