package dev.anabranch.app.report;

import dev.anabranch.app.report.Comparison.Group;
import java.util.List;
import java.util.function.ToDoubleFunction;

/** The parts of the page that can be read without a script: text and table. */
final class Markup {
  private Markup() {}

  /** Text for an element or a quoted attribute. */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '&' -> out.append("&amp;");
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        default -> out.append(c);
      }
    }
    return out.toString();
  }

  /** JSON for a script element: nothing in it can end the element or open a comment. */
  static String scriptData(String json) {
    return json.replace("&", "\\u0026")
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }

  /**
   * A script for a script element: {@code </script} only occurs in its texts, where this is equal.
   */
  static String script(String code) {
    return code.replaceAll("(?i)</(script)", "<\\\\/$1").replace("<!--", "<\\!--");
  }

  /** One paragraph in which every subject stands out. */
  static String paragraph(List<Wording.Sentence> sentences) {
    StringBuilder out = new StringBuilder();
    for (Wording.Sentence sentence : sentences) {
      if (!sentence.subject().isEmpty()) {
        out.append("<b>").append(escape(sentence.subject())).append("</b>");
      }
      out.append(escape(sentence.rest())).append(' ');
    }
    return out.toString().strip();
  }

  static String table(Comparison comparison) {
    StringBuilder out = new StringBuilder();
    Group reference = comparison.reference();
    for (Group group : comparison.groups()) {
      out.append("<tr><th scope=\"row\"><i class=\"key\" data-group=\"")
          .append(comparison.groups().indexOf(group))
          .append("\"></i>")
          .append(escape(group.label()))
          .append(note(group, comparison))
          .append("</th>");
      cell(out, "accuracy", accuracy(group));
      cell(out, "loss", escape(Figures.three(group.mean(RunRecord::loss))));
      cell(out, "down, MB", megabytes(group, run -> run.costs().down()));
      cell(out, "up, MB", megabytes(group, run -> run.costs().up()));
      cell(out, "down + up, MB", megabytes(group, run -> run.costs().total()));
      cell(out, "share of traffic", share(group, reference, run -> run.costs().total()));
      cell(out, "with setup, MB", megabytes(group, run -> run.costs().withSetup()));
      cell(out, "share with setup", share(group, reference, run -> run.costs().withSetup()));
      cell(
          out,
          "busiest device, GMACs",
          Figures.three(Figures.gigamacs(group.mean(run -> run.costs().busiestMacs()))));
      cell(out, "share of GMACs", share(group, reference, run -> run.costs().busiestMacs()));
      cell(
          out,
          "device peak, MiB",
          Figures.three(Figures.mebibytes(group.mean(run -> run.costs().devicePeak()))));
      cell(out, "share of peak", share(group, reference, run -> run.costs().devicePeak()));
      cell(out, "virtual time", Figures.duration(group.mean(RunRecord::virtualSeconds)));
      cell(out, "lost visits", Integer.toString(group.lost()));
      out.append("</tr>\n");
    }
    return out.toString();
  }

  /** A row for each published claim. */
  static String claims(List<ClaimRow> claims) {
    StringBuilder out = new StringBuilder();
    for (ClaimRow row : claims) {
      out.append("<tr><th scope=\"row\">")
          .append(escape(row.claim()))
          .append("<small>")
          .append(escape(row.source()))
          .append("</small></th>");
      cell(out, "against", escape(row.against()));
      cell(out, "here", escape(row.here()) + "<small>" + escape(row.how()) + "</small>");
      String why = row.why().isEmpty() ? "" : "<small>" + escape(row.why()) + "</small>";
      cell(out, "verdict", "<b>" + escape(row.verdict()) + "</b>" + why);
      out.append("</tr>\n");
    }
    return out.toString();
  }

  /** Which visits were lost, at most ten of them. */
  static String lost(Comparison comparison) {
    StringBuilder out = new StringBuilder();
    int listed = 0;
    int all = 0;
    for (Group group : comparison.groups()) {
      for (RunRecord run : group.runs()) {
        for (RunRecord.Lost lost : run.lost()) {
          all++;
          if (listed < 10) {
            listed++;
            out.append("<li>")
                .append(
                    escape(
                        group.label()
                            + ", seed "
                            + run.start().seed()
                            + ", round "
                            + (lost.round() + 1)
                            + ", device "
                            + lost.device()
                            + ": "
                            + lost.reason()))
                .append("</li>");
          }
        }
      }
    }
    if (all == 0) {
      return "";
    }
    String more = all > listed ? "<li>and " + (all - listed) + " more</li>" : "";
    return "<details><summary>"
        + Figures.count(all, "lost visit")
        + "</summary><ul>"
        + out
        + more
        + "</ul></details>";
  }

  /** The plans, each once, folded. */
  static String plans(Comparison comparison) {
    StringBuilder out = new StringBuilder();
    for (Group group : comparison.groups()) {
      String plan = group.runs().getFirst().plan();
      if (!plan.isBlank()) {
        String which = group.runs().size() > 1 ? " (first seed)" : "";
        out.append("<details><summary>Plan of ")
            .append(escape(group.label() + which))
            .append("</summary><pre>")
            .append(escape(plan))
            .append("</pre></details>\n");
      }
    }
    return out.isEmpty() ? "<p>No plan was found in the folder.</p>" : out.toString();
  }

  private static String note(Group group, Comparison comparison) {
    RunRecord first = group.runs().getFirst();
    StringBuilder note = new StringBuilder();
    if (comparison.isReference(group) && comparison.groups().size() > 1) {
      note.append("<small>reference</small>");
    }
    if (group.runs().size() > 1) {
      note.append("<small>").append(group.runs().size()).append(" seeds</small>");
    }
    if (!group.finished()) {
      note.append("<small>round ")
          .append(first.roundsDone())
          .append(" of ")
          .append(first.start().rounds())
          .append("</small>");
    }
    return note.toString();
  }

  private static String accuracy(Group group) {
    String text = "<b>" + escape(Wording.accuracy(group)) + "</b>";
    double holdOut = group.mean(RunRecord::standardError);
    return group.runs().size() > 1 && !Double.isNaN(holdOut)
        ? text + "<small>hold-out ± " + Figures.accuracy(holdOut) + "</small>"
        : text;
  }

  private static String megabytes(Group group, ToDoubleFunction<RunRecord> figure) {
    return Figures.three(Figures.megabytes(group.mean(figure)));
  }

  private static String share(Group group, Group reference, ToDoubleFunction<RunRecord> figure) {
    return Figures.share(group.mean(figure), reference.mean(figure));
  }

  static void cell(StringBuilder out, String label, String content) {
    out.append("<td data-label=\"").append(label).append("\">").append(content).append("</td>");
  }
}
