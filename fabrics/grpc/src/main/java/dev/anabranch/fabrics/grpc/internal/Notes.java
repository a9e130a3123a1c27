package dev.anabranch.fabrics.grpc.internal;

import dev.anabranch.core.Books;
import dev.anabranch.core.Metrics;
import dev.anabranch.fabrics.grpc.internal.proto.Version;
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
  private static final String MEMORY = "memory ";
  private static final String MORE = "more ";
  private static final Metrics UNSCORED = new Metrics(0, 0, 0);

  /** Of the processes before this one, each up to the checkpoint that the next went on from. */
  double wallSeconds;

  int lost;
  int rounds;

  /** The round after the last score; 0 before any. */
  int scored;

  Metrics last = UNSCORED;

  /** Measured bytes of the coordinator's own work; below 0 before any. */
  long peak = -1;

  final TreeSet<Integer> installed = new TreeSet<>();

  /** What instruments measured last, by name. */
  final TreeMap<String, Double> more = new TreeMap<>();

  /** What each party keeps on its disk, by party. */
  final TreeMap<String, Version> memories = new TreeMap<>();

  /**
   * @param wallSeconds of all processes so far
   */
  Map<String, String> write(Books books, double wallSeconds) {
    var out = new TreeMap<>(Books.write(books.totals()));
    out.put("wallSeconds", Double.toString(wallSeconds));
    out.put("lost", Integer.toString(lost));
    out.put("rounds", Integer.toString(rounds));
    out.put("scored", Integer.toString(scored));
    out.put("accuracy", Double.toString(last.accuracy()));
    out.put("loss", Double.toString(last.loss()));
    out.put("examples", Integer.toString(last.examples()));
    out.put("coordinatorPeak", Long.toString(peak));
    out.put("installed", installed.stream().map(String::valueOf).collect(Collectors.joining(" ")));
    memories.forEach(
        (who, version) -> out.put(MEMORY + who, version.getRound() + "." + version.getAttempt()));
    more.forEach((name, value) -> out.put(MORE + name, Double.toString(value)));
    return out;
  }

  static Notes read(Map<String, String> notes) {
    var out = new Notes();
    out.wallSeconds = Double.parseDouble(notes.getOrDefault("wallSeconds", "0"));
    out.lost = Integer.parseInt(notes.getOrDefault("lost", "0"));
    out.rounds = Integer.parseInt(notes.getOrDefault("rounds", "0"));
    out.scored = Integer.parseInt(notes.getOrDefault("scored", "0"));
    out.last =
        new Metrics(
            Double.parseDouble(notes.getOrDefault("accuracy", "0")),
            Double.parseDouble(notes.getOrDefault("loss", "0")),
            Integer.parseInt(notes.getOrDefault("examples", "0")));
    out.peak = Long.parseLong(notes.getOrDefault("coordinatorPeak", "-1"));
    Arrays.stream(notes.getOrDefault("installed", "").split(" "))
        .filter(text -> !text.isEmpty())
        .map(Integer::valueOf)
        .forEach(out.installed::add);
    notes.forEach((key, value) -> {
      if (key.startsWith(MEMORY)) {
        out.memories.put(key.substring(MEMORY.length()), version(value));
      } else if (key.startsWith(MORE)) {
        out.more.put(key.substring(MORE.length()), Double.valueOf(value));
      }
    });
    return out;
  }

  private static Version version(String text) {
    int dot = text.indexOf('.');
    return Version.newBuilder()
        .setRound(Integer.parseInt(text.substring(0, dot)))
        .setAttempt(Integer.parseInt(text.substring(dot + 1)))
        .build();
  }
}
