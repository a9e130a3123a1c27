package dev.anabranch.app.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.anabranch.app.report.SampleRuns.Shape;
import dev.anabranch.app.report.SampleRuns.Way;
import dev.anabranch.core.AnabranchException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReportPageIT {
  private static final String HOSTILE = "</script><script>alert(1)</script> & {{data}} '\u2028";

  @TempDir Path parent;

  @Test
  void page_asksNothingOfAnyNetwork() throws IOException {
    String page = page(SampleRuns.shape("a", Way.FULL), SampleRuns.shape("b", Way.SPLIT));

    int library = page.indexOf("<script>");
    String own = page.substring(0, library) + page.substring(page.indexOf("</script>", library));
    assertThat(own)
        .contains("default-src 'none'", "12 rounds, 8 of 50 devices in each")
        .doesNotContain("{{", "@import", "url(", "<link", "<img", "<iframe", " src=", "fetch(");
  }

  @Test
  void hostileLabel_staysText() throws IOException {
    String page =
        page(
            new Shape(HOSTILE, Way.FULL, 1, 3, 3, 9, 3, 2, true), SampleRuns.shape("b", Way.SPLIT));

    assertThat(page.contains("<script>alert")).isFalse();
    assertThat(Pattern.compile("(?i)</script").matcher(page).results().count()).isEqualTo(3);
    assertThat(data(page).at("/groups/0/label").textValue()).isEqualTo(HOSTILE);
    assertThat(page.contains("&lt;/script&gt;&lt;script&gt;alert(1)")).isTrue();
  }

  @Test
  void seedsOfThreeMethods_areThreeRowsAndNineTimelines() throws IOException {
    List<Shape> shapes = new ArrayList<>();
    for (Way way : Way.values()) {
      for (long seed = 1; seed <= 3; seed++) {
        shapes.add(SampleRuns.shape(way.name(), way).seed(seed));
      }
    }
    JsonNode data = data(page(shapes.toArray(new Shape[0])));

    assertThat(data.path("groups")).hasSize(3);
    assertThat(data.path("timelines")).hasSize(9);
    assertThat(data.at("/groups/0/curve")).hasSize(12);
    assertThat(data.at("/groups/0/runs")).hasSize(3);
    assertThat(data.at("/groups/0/curve/3/x").intValue()).isEqualTo(4);
  }

  @Test
  void thousandsOfDevices_areDrawnSmall() throws IOException {
    JsonNode data = data(page(new Shape("a", Way.SPLIT, 1, 10, 10, 2000, 100, 10, true)));

    assertThat(data.at("/timelines/0/devices")).hasSize(Timeline.MOST_DEVICES);
    assertThat(data.at("/timelines/0/lost")).isNotEmpty();
    assertThat(data.at("/partitions/0/columns")).hasSize(LabelMap.MOST_COLUMNS);
    assertThat(data.at("/partitions/0/perColumn").intValue()).isEqualTo(10);
  }

  @Test
  void runWithoutARound_stillHasAPage() throws IOException {
    String page = page(new Shape("a", Way.SPLIT, 1, 10, 0, 5, 2, 2, false));

    assertThat(page.substring(0, page.indexOf("<script>")))
        .contains("sfprompt (unfinished)", "has measured no accuracy", "round 0 of 10");
  }

  @Test
  void sameFolders_giveTheSameBytes() throws IOException {
    Path run =
        SampleRuns.write(parent.resolve("x-20261121-093000"), SampleRuns.shape("a", Way.LORA));
    List<RunRecord> runs = List.of(RunRecord.read(run));

    String page = ReportPage.render(runs, List.of());
    assertThat(page.equals(ReportPage.render(runs, List.of()))).isTrue();
    assertThat(page.contains("2026-11-21 09:30")).isTrue();
  }

  @Test
  void noRuns_isRefused() {
    assertThatExceptionOfType(AnabranchException.class)
        .isThrownBy(() -> ReportPage.write(List.of(), parent.resolve("r.html")))
        .withMessage("runs: none (expected: at least one folder that a run has left)");
  }

  private String page(Shape... shapes) throws IOException {
    List<Path> folders = new ArrayList<>();
    for (Shape shape : shapes) {
      folders.add(SampleRuns.write(parent.resolve("run" + folders.size()), shape));
    }
    Path target = parent.resolve("report.html");
    ReportPage.write(folders, target);
    return Files.readString(target);
  }

  private static JsonNode data(String page) throws IOException {
    String start = "<script type=\"application/json\" id=\"data\">";
    int from = page.indexOf(start) + start.length();
    return new JsonMapper().readTree(page.substring(from, page.indexOf("</script>", from)));
  }
}
