package dev.anabranch.app.report;

import dev.anabranch.core.AnabranchException;
import dev.anabranch.core.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * {@code report.html}: one file that shows one or several runs and asks nothing of any network.
 * Text and table are in the page as they are read; the charts are drawn by Apache ECharts, which
 * lies in the page too.
 */
public final class ReportPage {
  private static final String ECHARTS =
      "/META-INF/resources/_static/echarts/6.0.0/dist/echarts.min.js";
  private static final Pattern SLOT = Pattern.compile("\\{\\{([a-z-]+)}}");
  private static final Pattern DATE =
      Pattern.compile(
          "(?<!\\d)(20\\d{2})-?([01]\\d)-?([0-3]\\d)(?:[T_-]([0-2]\\d)[-:.]?([0-5]\\d))?");

  private ReportPage() {}

  /**
   * Writes the report of these runs. The same folders give the same bytes.
   *
   * @param runFolders at least one; the order is that of the rows
   */
  public static void write(List<Path> runFolders, Path target) {
    write(runFolders, List.of(), target);
  }

  /** The same with published claims that these runs were to show. */
  public static void write(List<Path> runFolders, List<ClaimRow> claims, Path target) {
    if (runFolders.isEmpty()) {
      throw AnabranchException.expected(
          Failure.USAGE, "runs", "none", "at least one folder that a run has left");
    }
    String page = render(runFolders.stream().map(RunRecord::read).toList(), claims);
    try {
      Files.writeString(target, page, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new AnabranchException(
          Failure.STORAGE, "report: " + target + " (expected: a file that can be written)", e);
    }
  }

  static String render(List<RunRecord> runs, List<ClaimRow> claims) {
    Comparison comparison = Comparison.of(runs);
    Wording wording = new Wording(comparison);
    Headlines headlines = new Headlines(comparison);
    String title =
        runs.stream().map(run -> run.start().name()).distinct().collect(Collectors.joining(", "));
    String date = date(runs);
    return fill(
        resource("page.html"),
        Map.ofEntries(
            Map.entry("title", Markup.escape(title)),
            Map.entry("date", date.isEmpty() ? "" : Markup.escape(date) + " · "),
            Map.entry("what", Markup.escape(wording.what())),
            Map.entry("result", Markup.paragraph(wording.result())),
            Map.entry("plus-minus", Markup.escape(wording.plusMinus())),
            Map.entry("claims", claims.isEmpty() ? "" : claims(claims)),
            Map.entry("rows", Markup.table(comparison)),
            Map.entry("lost", Markup.lost(comparison)),
            Map.entry("headline-accuracy", Markup.escape(headlines.accuracy())),
            Map.entry("headline-loss", Markup.escape(headlines.loss())),
            Map.entry("headline-traffic", Markup.escape(headlines.traffic())),
            Map.entry("parts", comparison.groups().size() < 2 ? "" : resource("parts.html")),
            Map.entry("more", more(MoreFigures.tables(comparison))),
            Map.entry("headline-topics", Markup.escape(headlines.topics())),
            Map.entry("headline-macs", Markup.escape(headlines.macs())),
            Map.entry("headline-memory", Markup.escape(headlines.memory())),
            Map.entry("plans", Markup.plans(comparison)),
            Map.entry("style", resource("page.css")),
            Map.entry("data", Markup.scriptData(new PageData(comparison).build().toString())),
            Map.entry("echarts", Markup.script(resource(ECHARTS))),
            Map.entry("script", Markup.script(resource("charts.js") + resource("page.js")))));
  }

  /** The date in the name of the first folder or of the one around it; empty if there is none. */
  private static String date(List<RunRecord> runs) {
    Path folder = runs.getFirst().folder().toAbsolutePath().normalize();
    for (Path at = folder; at != null; at = at.getParent()) {
      Path name = at.getFileName();
      Matcher date = DATE.matcher(name == null ? "" : name.toString());
      if (date.find()) {
        String time = date.group(4) == null ? "" : " " + date.group(4) + ":" + date.group(5);
        return date.group(1) + "-" + date.group(2) + "-" + date.group(3) + time;
      }
    }
    return "";
  }

  private static String claims(List<ClaimRow> claims) {
    return fill(resource("claims.html"), Map.of("claim-rows", Markup.claims(claims)));
  }

  private static String more(String tables) {
    return tables.isEmpty() ? "" : fill(resource("more.html"), Map.of("more-tables", tables));
  }

  private static String fill(String template, Map<String, String> values) {
    return SLOT.matcher(template)
        .replaceAll(slot -> Matcher.quoteReplacement(value(values, slot.group(1))));
  }

  private static String value(Map<String, String> values, String slot) {
    String value = values.get(slot);
    if (value == null) {
      throw new IllegalStateException(
          "slot: " + slot + " (expected: one of " + values.keySet() + ")");
    }
    return value;
  }

  private static String resource(String name) {
    try (@Nullable InputStream in = ReportPage.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("resource: " + name + " (expected: on the class path)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
