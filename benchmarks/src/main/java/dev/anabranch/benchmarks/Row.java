package dev.anabranch.benchmarks;

import java.util.List;
import java.util.Locale;

/**
 * One line of the table.
 *
 * @param what was measured
 * @param measured with its unit
 * @param target empty if there is none
 * @param verdict met, not met, or empty
 */
public record Row(String what, String measured, String target, String verdict) {
  private static final String MARK = "row";

  /** A measurement without a target. */
  public static Row of(String what, String measured) {
    return new Row(what, measured, "", "");
  }

  /** A measurement that should be large. */
  public static Row atLeast(String what, String measured, double value, double bound, String text) {
    return new Row(what, measured, "at least " + text, verdict(value >= bound));
  }

  /** A measurement that should be small. */
  public static Row atMost(String what, String measured, double value, double bound, String text) {
    return new Row(what, measured, "at most " + text, verdict(value <= bound));
  }

  private static String verdict(boolean met) {
    return met ? "met" : "not met";
  }

  /** As text in the manner of {@link String#format}, the same on every machine. */
  public static String text(String format, Object... values) {
    return String.format(Locale.ROOT, format, values);
  }

  /** For another process to read. */
  String line() {
    return String.join("\t", MARK, what, measured, target, verdict);
  }

  /** The rows among what another process printed. */
  static List<Row> read(List<String> lines) {
    return lines.stream()
        .map(line -> line.split("\t", -1))
        .filter(cells -> cells.length == 5 && cells[0].equals(MARK))
        .map(cells -> new Row(cells[1], cells[2], cells[3], cells[4]))
        .toList();
  }

  /** As a line of a Markdown table. */
  String markdown(String benchmark) {
    return "| " + String.join(" | ", benchmark, what, measured, target, verdict) + " |";
  }
}
