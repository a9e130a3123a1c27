package dev.anabranch.fabrics.common;

import dev.anabranch.core.Books;
import dev.anabranch.core.Metrics;
import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What a run knows besides the method's state, to and from the notes of a checkpoint, where a
 * fabric writes beside it what it alone knows. Of the coordinator's program.
 */
public final class Notes {
  private static final String MORE = "more ";
  private static final Metrics UNSCORED = new Metrics(0, 0, 0);

  /** Of the processes before this one, each up to the checkpoint that the next went on from. */
  double wallSeconds;

  int lost;
  int rounds;

  /** The round after the last score; 0 before any. */
  int scored;

  Metrics last = UNSCORED;

  /** What instruments measured last, by name. */
  final TreeMap<String, Double> more = new TreeMap<>();

  private final TreeSet<Integer> installed = new TreeSet<>();

  Notes() {}

  /** Visits that were lost so far. */
  public int lost() {
    return lost;
  }

  /** A device that could not be asked for what it keeps counts as a lost visit. */
  public void miss() {
    lost++;
  }

  /** Rounds that have been so far. */
  public int rounds() {
    return rounds;
  }

  /** Devices that have had the model, by index; may be added to. */
  public Set<Integer> installed() {
    return installed;
  }

  /**
   * @param wallSeconds of all processes so far
   */
  TreeMap<String, String> write(Books books, double wallSeconds) {
    var out = new TreeMap<>(Books.write(books.totals()));
    out.put("wallSeconds", Double.toString(wallSeconds));
    out.put("lost", Integer.toString(lost));
    out.put("rounds", Integer.toString(rounds));
    out.put("scored", Integer.toString(scored));
    out.put("accuracy", Double.toString(last.accuracy()));
    out.put("loss", Double.toString(last.loss()));
    out.put("examples", Integer.toString(last.examples()));
    out.put("installed", installed.stream().map(String::valueOf).collect(Collectors.joining(" ")));
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
    Arrays.stream(notes.getOrDefault("installed", "").split(" "))
        .filter(text -> !text.isEmpty())
        .map(Integer::valueOf)
        .forEach(out.installed::add);
    notes.forEach((key, value) -> {
      if (key.startsWith(MORE)) {
        out.more.put(key.substring(MORE.length()), Double.valueOf(value));
      }
    });
    return out;
  }
}
