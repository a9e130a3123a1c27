package dev.anabranch.app.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MoreFiguresTest {
  @TempDir Path parent;

  private RunRecord run(long seed, int rounds, String name, double first) throws IOException {
    var folder = parent.resolve("run" + seed);
    SampleRuns.write(folder, SampleRuns.shape("a", SampleRuns.Way.LORA).seed(seed));
    var lines = new ArrayList<String>();
    for (int round = 0; round < rounds; round++) {
      lines.add(
          "{\"kind\":\"metric\",\"round\":%d,\"name\":\"%s\",\"value\":%s}"
              .formatted(round, name, first + round));
    }
    Files.write(folder.resolve("log.jsonl"), lines, StandardOpenOption.APPEND);
    return RunRecord.read(folder);
  }

  @Test
  void figuresStandByRoundAsMeansOverSeeds() throws IOException {
    var both =
        Comparison.of(List.of(run(1, 2, "proxyPerplexity", 40), run(2, 2, "proxyPerplexity", 50)));
    assertThat(MoreFigures.tables(both))
        .contains("<h3>a", "<th scope=\"col\">proxy perplexity</th>")
        .contains("<th scope=\"row\">1</th><td data-label=\"proxy perplexity\">45.0</td>")
        .contains("<th scope=\"row\">2</th><td data-label=\"proxy perplexity\">46.0</td>")
        .doesNotContain("accuracy");
  }

  @Test
  void manyRoundsAreThinnedOutAndTheLastStays() throws IOException {
    var text = MoreFigures.tables(Comparison.of(List.of(run(1, 12, "<b>", 0), run(3, 12, "x", 0))));
    assertThat(text).contains("&lt;b&gt;").doesNotContain("<b>");
    assertThat(text.split("<tr><th scope=\"row\">", -1)).hasSizeLessThanOrEqualTo(1 + 12);
    assertThat(text).contains("<th scope=\"row\">12</th>");
  }

  /** A method may count rounds before the first one too, such as those that heal a model. */
  @Test
  void roundsWithoutAScoreAreLeftOutWhereOthersHaveOne() throws IOException {
    var text = MoreFigures.tables(Comparison.of(List.of(run(5, 14, "healLoss", 0))));
    assertThat(text)
        .contains("<th scope=\"row\">12</th>")
        .doesNotContain("<th scope=\"row\">13</th>");
  }

  @Test
  void withoutSuchFiguresThereIsNothing() throws IOException {
    var folder =
        SampleRuns.write(parent.resolve("plain"), SampleRuns.shape("b", SampleRuns.Way.FULL));
    var runs = List.of(RunRecord.read(folder));
    assertThat(MoreFigures.tables(Comparison.of(runs))).isEmpty();
    assertThat(ReportPage.render(runs, List.of())).doesNotContain("What else was measured");
  }
}
