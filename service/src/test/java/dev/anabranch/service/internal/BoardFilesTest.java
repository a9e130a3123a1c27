package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

class BoardFilesTest {
  private final BoardFiles files = new BoardFiles();

  @Test
  void nothingIsForgottenAndNothingElseIsServed() throws IOException, URISyntaxException {
    var main = BoardFiles.class.getResource("/dev/anabranch/service/board/main.js");
    var folder = Path.of(Objects.requireNonNull(main).toURI()).resolveSibling("");
    try (var all = Files.walk(folder)) {
      var there =
          all.filter(Files::isRegularFile)
              .map(file -> "/" + folder.relativize(file).toString().replace('\\', '/'))
              .filter(path -> path.endsWith("js") || path.endsWith("css") || path.endsWith("html"))
              .toList();
      assertThat(files.paths()).containsAll(there).contains("/echarts.min.js", "/icon.svg");
    }
    assertThat(List.of("/nope", "", "/../internal/BoardFiles.class", "/pages/", "//index.html"))
        .allMatch(path -> files.at(path).isEmpty());
  }

  @Test
  void theFirstPageIsTheIndex() {
    var page = files.at("/").orElseThrow();
    assertThat(page.type()).isEqualTo("text/html; charset=utf-8");
    assertThat(page.tag()).isEqualTo(files.at("/index.html").orElseThrow().tag()).hasSize(34);
  }

  @Test
  void noScriptRunsThatIsNotAFile() {
    assertThat(BoardFiles.POLICY)
        .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
        .doesNotContain("unsafe", "*", "http");
    assertThat(text("/index.html"))
        .doesNotContainPattern("<script(?![^>]*src=)|<style|style=|\\son\\w+=");
  }

  @Test
  void nothingFromOutsideIsReadAsMarkup() {
    var risky =
        Pattern.compile(
            "\\.innerHTML\\s*=[^=]|outerHTML|insertAdjacentHTML|document\\.write|\\beval\\(|new"
                + " Function|srcdoc|setTimeout\\(['\"]|javascript:");
    assertThat(ours()).allSatisfy(path -> assertThat(text(path)).doesNotContainPattern(risky));
  }

  @Test
  void nobodyElseIsAsked() {
    assertThat(ours())
        .allSatisfy(path ->
            assertThat(text(path).replace("http://www.w3.org/2000/svg", ""))
                .doesNotContainPattern("https?://|url\\(|@import|['\"]//"));
  }

  @Test
  void theWordsAreThoseOfTheVocabulary() {
    var others = Pattern.compile("(?i)\\b(clients?|servers?|workers?|peers?|FLOPs?|KiB|GiB)\\b");
    assertThat(ours()).allSatisfy(path -> assertThat(text(path)).doesNotContainPattern(others));
  }

  private List<String> ours() {
    return files.paths().stream().filter(path -> !path.contains("echarts")).toList();
  }

  private String text(String path) {
    return new String(files.at(path).orElseThrow().bytes(), StandardCharsets.UTF_8);
  }
}
