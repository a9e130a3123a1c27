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
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard of a real coordinator, over TLS and with its real store, while the log of a real
 * run grows and the coordinator is ended and started again.
 */
@Tag("browser")
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
    var sample = Sample.of("rehearsed");
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
        var invited = json(admin.post("/api/v1/enrolments", "{\"name\":\"device-1\"}"));
        AgentIdentity.enrol(folder.resolve("d"), invited.path("token").asText(), NOW);
        id = json(admin.submit("rehearsed")).path("id").asText();
      }
      int broken = sample.until("device-1 was started again");
      fabric.lines.release(broken);
      browser.screen(1280, 900, "light");
      browser.open(url + "/");
      browser.until("document.querySelector('#token')");
      browser.type("#token", token);
      browser.click("button[type=submit]");
      browser.untilText("#runs", "[ROUND 2/4]");
      page(browser, "/runs/" + id);
      browser.untilText(".course", "[ROUND 2/4]");
      browser.untilText("#visits", "2 in visit, 1 tried again");
      assertThat(browser.text("#visits"))
          .contains("device 0 · device-1", "device-1 was started again");
      browser.screenshot(SCREENS.resolve("coordinator-broken-visit.png"));
      fabric.lines.release(sample.until(3) + 3 - broken);
      browser.untilText(".course", "[ROUND 3/4]");
      browser.untilText("#visits", "3 in visit");
      assertThat(browser.text("#lost"))
          .contains("No visit has been lost; what broke was tried again.")
          .contains("the coordinator went on from its last checkpoint");
      browser.screenshot(SCREENS.resolve("coordinator-run.png"));

      daemon.close();
      browser.untilText(".line", "The line to the coordinator is broken");
      var again = new Replaying();
      again.lines.release(sample.lines().size());
      daemon = start(URI.create(url).getPort(), again);
      browser.untilText(".line", "The run has ended; " + sample.lines().size() + " lines");
      browser.untilText("h1", "completed");
      assertThat(browser.text(".tiles"))
          .contains("0.908", "110 MB down, 110 MB up; backbone 49.5 MB", "of 12");

      page(browser, "/devices");
      assertThat(browser.text("#devices")).contains("device-1", "away");
      page(browser, "/devices/device-1");
      browser.untilText("#sent", "messages");
      assertThat(browser.text("#sent"))
          .contains("device 0", "output-gradient")
          .doesNotContain("transport");
      page(browser, "/runs");
      assertThat(browser.text("#runs")).contains("0.908", "220 MB", "4 of 4");
      browser.eval("location.hash = '/runs/nope'");
      browser.untilText(".trouble", "one that 'anabranch runs' lists");
      assertThat(browser.complaints())
          .noneMatch(text -> text.contains("Content Security Policy") || text.contains("Error:"));
    } finally {
      daemon.close();
    }
  }
}
