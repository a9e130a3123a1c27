package dev.anabranch.service.internal;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.anabranch.service.AgentIdentity;
import dev.anabranch.service.CoordinatorDaemon;
import dev.anabranch.service.OperatorApi;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.InstantSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard of a real coordinator, over TLS and with its real store, while the log of a real
 * run grows and the coordinator is ended and started again.
 */
class BoardOfCoordinatorIT {
  private static final Path SCREENS = Path.of("target", "screens");
  private static final InstantSource NOW = InstantSource.system();

  @TempDir Path folder;

  private CoordinatorDaemon start(int port, Replaying fabric) {
    var start = new CoordinatorDaemon.Start(port, false, false, NOW, note -> {});
    return CoordinatorDaemon.start(folder.resolve("c"), start, fabric);
  }

  private OperatorApi admin() {
    return OperatorApi.open(folder.resolve("c").resolve("operator.json"), NOW);
  }

  private static JsonNode json(String text) throws IOException {
    return Sample.JSON.readTree(text);
  }

  private static void page(Browser browser, String place) {
    browser.eval("location.hash = " + Browser.quoted(place));
    browser.until("document.getElementById('main').dataset.page === " + Browser.quoted(place));
  }

  @Test
  void aRunIsWatchedThroughARestartOfItsCoordinator() throws IOException {
    CoordinatorDaemon.init(folder.resolve("c"), Started.settings(""), NOW);
    var fabric = new Replaying();
    var sample = Sample.of("sfprompt").deployed();
    var daemon = start(-1, fabric);
    try (var browser = new Browser()) {
      String url = daemon.url();
      String id;
      String token;
      try (var admin = admin()) {
        token =
            json(admin.post("/api/v1/operators", "{\"name\":\"eve\",\"role\":\"viewer\"}"))
                .path("token")
                .asText();
        var invited = json(admin.post("/api/v1/enrolments", "{\"name\":\"ward-1\"}"));
        AgentIdentity.enrol(folder.resolve("d"), invited.path("token").asText(), NOW);
        id = json(admin.submit("sfprompt")).path("id").asText();
      }
      fabric.lines.release(sample.until(4) + 5);
      browser.screen(1280, 900, "light");
      browser.open(url + "/");
      browser.until("document.querySelector('#token')");
      browser.type("#token", token);
      browser.click("button[type=submit]");
      browser.untilText("#runs", "[ROUND 4/8]");
      page(browser, "/runs/" + id);
      browser.untilText(".course", "[ROUND 4/8]");
      browser.untilText("#visits", "5 in visit");
      assertThat(browser.text("#visits")).contains("device 5 · ward-1", "in visit");
      fabric.lines.release(sample.until(6) - sample.until(4));
      browser.untilText(".course", "[ROUND 6/8]");
      browser.screenshot(SCREENS.resolve("coordinator-run.png"));

      daemon.close();
      browser.untilText(".line", "The line to the coordinator is broken");
      var again = new Replaying();
      again.lines.release(sample.lines().size());
      daemon = start(URI.create(url).getPort(), again);
      browser.untilText(".line", "The run has ended; " + sample.lines().size() + " lines");
      browser.untilText("h1", "completed");
      assertThat(browser.text(".tiles")).contains("0.908", "353 MB down, 303 MB up", "657 GMACs");

      page(browser, "/devices");
      assertThat(browser.text("#devices")).contains("ward-1", "away");
      page(browser, "/devices/ward-1");
      browser.untilText("#sent", "messages");
      assertThat(browser.text("#sent")).contains("device 5", "output-gradient");
      page(browser, "/runs");
      assertThat(browser.text("#runs")).contains("0.908", "656 MB", "8 of 8");
      browser.eval("location.hash = '/runs/nope'");
      browser.untilText(".trouble", "one that 'anabranch runs' lists");
      assertThat(browser.complaints())
          .noneMatch(text -> text.contains("Content Security Policy") || text.contains("Error:"));
    } finally {
      daemon.close();
    }
  }
}
