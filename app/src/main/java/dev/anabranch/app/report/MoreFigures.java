package dev.anabranch.app.report;

import dev.anabranch.app.report.Comparison.Group;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/**
 * What a method or a task measures beside accuracy and loss, round by round: perplexity of each
 * model, distance from consensus, ratios of compression. Means over the seeds of a group.
 */
final class MoreFigures {
  private static final Set<String> ELSEWHERE = Set.of("accuracy", "loss", "standardError");
  private static final Pattern WORD = Pattern.compile("[A-Z](?=[a-z])");
  private static final int MOST_ROWS = 12;

  private MoreFigures() {}

  /** A table for each group that has such figures; empty if none has. */
  static String tables(Comparison comparison) {
    StringBuilder out = new StringBuilder();
    for (Group group : comparison.groups()) {
      Set<String> names = names(group);
      if (!names.isEmpty()) {
        out.append("<h3>")
            .append(Markup.escape(group.label()))
            .append("</h3>\n<table class=\"more\">\n<thead><tr>");
        out.append("<th scope=\"col\">rounds done</th>");
        names.forEach(name -> out.append("<th scope=\"col\">").append(words(name)).append("</th>"));
        out.append("</tr></thead>\n<tbody>\n");
        rows(group, names).forEach(round -> row(out, group, names, round));
        out.append("</tbody>\n</table>\n");
      }
    }
    return out.toString();
  }

  private static Set<String> names(Group group) {
    Set<String> names = new TreeSet<>();
    for (RunRecord run : group.runs()) {
      run.rounds().forEach(round -> names.addAll(round.metrics().keySet()));
    }
    names.removeAll(ELSEWHERE);
    return names;
  }

  /** {@code proxyRougeL} to {@code proxy rougeL}. */
  private static String words(String name) {
    return Markup.escape(
        WORD.matcher(name).replaceAll(m -> " " + m.group().toLowerCase(Locale.ROOT)));
  }

  /** Scored rounds with a figure, else all with one; evenly chosen with the last among them. */
  private static List<Integer> rows(Group group, Set<String> names) {
    List<RunRecord.Round> measured =
        group.runs().stream()
            .flatMap(run -> run.rounds().stream())
            .filter(round -> names.stream().anyMatch(round.metrics()::containsKey))
            .toList();
    List<RunRecord.Round> scored =
        measured.stream().filter(round -> round.metrics().containsKey("accuracy")).toList();
    List<Integer> all =
        (scored.isEmpty() ? measured : scored)
            .stream().map(RunRecord.Round::round).distinct().sorted().toList();
    int n = Math.min(MOST_ROWS, all.size());
    return IntStream.rangeClosed(1, n).mapToObj(i -> all.get(i * all.size() / n - 1)).toList();
  }

  private static void row(StringBuilder out, Group group, Set<String> names, int round) {
    out.append("<tr><th scope=\"row\">").append(round + 1).append("</th>");
    for (String name : names) {
      double mean =
          group.runs().stream()
              .flatMap(run -> run.rounds().stream())
              .filter(r -> r.round() == round && r.metrics().containsKey(name))
              .mapToDouble(r -> r.metric(name))
              .average()
              .orElse(Double.NaN);
      Markup.cell(out, words(name), Figures.three(mean));
    }
    out.append("</tr>\n");
  }
}
