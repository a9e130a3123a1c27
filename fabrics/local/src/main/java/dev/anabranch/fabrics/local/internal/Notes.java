package dev.anabranch.fabrics.local.internal;

import dev.anabranch.core.Books;
import dev.anabranch.core.Metrics;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a run knows besides the method's state, to and from the notes of a checkpoint. Of the
 * coordinator's program.
 */
final class Notes {
  static final Metrics UNSCORED = new Metrics(0, 0, 0);

  double virtualSeconds;

  /** Of the processes before this one, each up to the checkpoint that the next went on from. */
  double wallSeconds;

  int lost;
  int rounds;

  /** The round after the last score; 0 before any. */
  int scored;

  Metrics last = UNSCORED;
  final TreeSet<Integer> installed = new TreeSet<>();

  /** What instruments measured last, by name. */
  final TreeMap<String, Double> more = new TreeMap<>();

  /** Measured bytes by kind of party. */
  final TreeMap<String, Long> peaks = new TreeMap<>();

  /**
   * @param wallSeconds of all processes so far
   */
  Map<String, String> write(Books books, double wallSeconds) {
    var out = new TreeMap<>(Books.write(books.totals()));
    out.put("virtualSeconds", Double.toString(virtualSeconds));
    out.put("wallSeconds", Double.toString(wallSeconds));
    out.put("lost", Integer.toString(lost));
    out.put("rounds", Integer.toString(rounds));
    out.put("scored", Integer.toString(scored));
    out.put("accuracy", Double.toString(last.accuracy()));
    out.put("loss", Double.toString(last.loss()));
    out.put("examples", Integer.toString(last.examples()));
    out.put("installed", installed.stream().map(String::valueOf).collect(Collectors.joining(" ")));
    peaks.forEach((kind, bytes) -> out.put("measured " + kind, Long.toString(bytes)));
    more.forEach((name, value) -> out.put("more " + name, Double.toString(value)));
    return out;
  }

  static Notes read(Map<String, String> notes) {
    var out = new Notes();
    out.virtualSeconds = Double.parseDouble(notes.getOrDefault("virtualSeconds", "0"));
    out.wallSeconds = Double.parseDouble(notes.getOrDefault("wallSeconds", "0"));
    out.lost = Integer.parseInt(notes.getOrDefault("lost", "0"));
    out.rounds = Integer.parseInt(notes.getOrDefault("rounds", "0"));
    out.scored = Integer.parseInt(notes.getOrDefault("scored", "0"));
    out.last =
        new Metrics(
            Double.parseDouble(notes.getOrDefault("accuracy", "0")),
            Double.parseDouble(notes.getOrDefault("loss", "0")),
            Integer.parseInt(notes.getOrDefault("examples", "0")));
    Arrays.stream(notes.getOrDefault("installed", "").split(" "))
        .filter(text -> !text.isEmpty())
        .map(Integer::valueOf)
        .forEach(out.installed::add);
    notes.forEach((key, value) -> {
      if (key.startsWith("measured ")) {
        out.peaks.put(key.substring("measured ".length()), Long.valueOf(value));
      } else if (key.startsWith("more ")) {
        out.more.put(key.substring("more ".length()), Double.valueOf(value));
      }
    });
    return out;
  }
}
