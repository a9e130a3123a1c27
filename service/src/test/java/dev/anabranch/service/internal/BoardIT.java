package dev.anabranch.service.internal;

import static dev.anabranch.service.internal.Browser.quoted;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The dashboard in headless Chromium, over logs of real runs that grow while it looks. What it
 * looks like is left in {@code target/screens}.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Tag("browser")
class BoardIT {
  private static final Path SCREENS = Path.of("target", "screens");
  private static final String LIVE = "spam-20261121-180211";

  private final Sample sfprompt = Sample.of("sfprompt").deployed();
  private final Sample lora = Sample.of("lora");
  private final Sample full = Sample.of("full");
  private Browser browser;
  private CannedCoordinator coordinator;

  @BeforeAll
  void start() throws IOException {
    browser = new Browser();
  }

  @AfterAll
  void stop() throws IOException {
    browser.close();
  }

  @BeforeEach
  void coordinator() throws IOException {
    coordinator = new CannedCoordinator();
    browser.screen(1280, 900, "light");
    browser.open(coordinator.address());
    browser.until("document.querySelector('#token')");
    browser.eval("localStorage.clear()");
  }

  @AfterEach
  void nothingWasForbidden() {
    coordinator.close();
    assertThat(browser.complaints())
        .noneMatch(text -> text.contains("Content Security Policy") || text.contains("Error:"));
    browser.complaints().clear();
  }

  private void logIn() {
    browser.type("#token", CannedCoordinator.TOKEN);
    browser.click("button[type=submit]");
    browser.until("document.getElementById('main').dataset.page === '/runs'");
  }

  private void page(String place) {
    browser.eval("location.hash = " + quoted(place));
    browser.until(
        "document.getElementById('main').dataset.page === "
            + quoted(place.replaceAll("\\?.*", "")));
  }

  /** What the log's model in the page gives for an expression over {@code log}. */
  private double figure(Sample sample, String expression) {
    return browser
        .eval(
            "import('/runlog.js').then(({RunLog}) => { const log = new RunLog(); for (const line of"
                + " JSON.parse("
                + quoted(json(sample.lines()))
                + ")) log.add(line); return "
                + expression
                + "; })")
        .asDouble();
  }

  private static String json(Object value) {
    return Sample.JSON.valueToTree(value).toString();
  }

  @Test
  void aTokenIsAskedForAndForgotten() throws IOException {
    coordinator.run(lora.about("a", "completed"), lora.lines(), lora.lines().size());
    browser.open(coordinator.address() + "#/runs/a");
    browser.until("location.hash.startsWith('#/login')");
    browser.screenshot(SCREENS.resolve("login.png"));
    browser.click("button[type=submit]");
    browser.untilText("#login-said", "token: empty");
    browser.type("#token", "abo_wrong");
    browser.click("button[type=submit]");
    browser.untilText("#login-said", "This token is not accepted.");
    browser.screenshot(SCREENS.resolve("login-refused.png"));
    browser.type("#token", CannedCoordinator.TOKEN);
    browser.click("button[type=submit]");
    browser.until("document.getElementById('main').dataset.page === '/runs/a'");
    assertThat(browser.eval("JSON.stringify(localStorage) + document.cookie").asText())
        .doesNotContain(CannedCoordinator.TOKEN);
    browser.eval(
        "[...document.querySelectorAll('button')].find(b => b.innerText === 'Log out').click()");
    browser.until("document.querySelector('#token')");
    assertThat(browser.eval("sessionStorage.length").asInt()).isZero();
  }

  @Test
  void aTokenThatEndsAsksAgain() {
    logIn();
    coordinator.revoke();
    browser.untilText("#login-said", "no longer accepts");
  }

  @Test
  void theModelAddsUpWhatTheRunItselfHas() {
    for (var sample :
        List.of(sfprompt, lora, full, Sample.of("sfprompt"), Sample.of("rehearsed"))) {
      var bytes = sample.summary().path("bytes");
      assertThat(figure(sample, "log.down")).isEqualTo(bytes.path("down").asDouble());
      assertThat(figure(sample, "log.up")).isEqualTo(bytes.path("up").asDouble());
      assertThat(figure(sample, "log.setup")).isEqualTo(bytes.path("setup").asDouble());
      assertThat(figure(sample, "log.framing")).isEqualTo(bytes.path("framing").asDouble());
      assertThat(figure(sample, "log.backbone")).isEqualTo(bytes.path("backbone").asDouble());
      assertThat(figure(sample, "log.busiest"))
          .isEqualTo(sample.summary().path("macs").path("device").asDouble());
      assertThat(figure(sample, "log.macs.body"))
          .isEqualTo(sample.summary().path("macs").path("body").asDouble());
      assertThat(figure(sample, "log.peaks.device"))
          .isEqualTo(sample.summary().path("peakBytes").path("device").asDouble());
      assertThat(figure(sample, "log.last('accuracy')"))
          .isEqualTo(sample.summary().path("metrics").path("accuracy").asDouble());
      assertThat(figure(sample, "log.lost.length"))
          .isEqualTo(sample.summary().path("lost").asDouble());
      assertThat(figure(sample, "log.done")).isEqualTo(sample.summary().path("rounds").asInt());
    }
    assertThat(figure(Sample.of("sfprompt"), "log.seconds"))
        .isCloseTo(sfprompt.summary().path("seconds").path("virtual").asDouble(), within(1e-9));
  }

  @Test
  void aModelCutAtAnyLineGoesOnAsIfItHadNotBeen() {
    var same =
        browser.eval(
            "import('/runlog.js').then(({RunLog, Reader}) => { const lines = JSON.parse("
                + quoted(json(sfprompt.lines()))
                + "); const shown = log => JSON.stringify([log.lines, log.down, log.up,"
                + " log.framing, log.busiest, log.done, log.lost, log.peaks, log.list().map(r =>"
                + " [r.cohort, r.metrics, r.down, r.up, r.visits.size])]); const whole = new"
                + " RunLog(); lines.forEach(l => whole.add(l)); const bad = []; for (let at = 1; at"
                + " < lines.length; at += 29) { const log = new RunLog(); const reader = new"
                + " Reader(log); lines.slice(reader.from(), at).forEach(l => reader.line(l));"
                + " lines.slice(reader.from()).forEach(l => reader.line(l)); if (shown(log) !=="
                + " shown(whole)) bad.push(at); } return bad.join(' '); })");
    assertThat(same.asText()).isEmpty();
  }

  @Test
  void aRunIsFollowedToItsEnd() throws IOException {
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.until(4) + 3);
    logIn();
    browser.untilText("#runs", "0.578");
    page("/runs/" + LIVE);
    browser.untilText(".course", "[ROUND 4/8]");
    browser.untilText(".line", "Live");
    assertThat(browser.eval("document.title").asText()).startsWith("[ROUND 4/8] spam-across");
    assertThat(browser.text("#visits-title")).isEqualTo("Round 4: 5 of 20 devices");
    assertThat(browser.count("#visits li")).isEqualTo(5);
    assertThat(browser.text("#visits"))
        .contains("3 in visit, 2 invited")
        .contains("device 5 · ward-1", "begun at 1.50 s");
    assertThat(browser.text(".tiles")).contains("wall time").doesNotContain("virtual");
    assertThat(browser.text("#lost"))
        .contains("attempt 1 broke, tried again", "the line was lost for 20 s (grace: 10 s)")
        .contains("device 7 · ward-2", "lost", "injected");
    browser.until("document.querySelectorAll('canvas').length === 6");
    browser.screenshot(SCREENS.resolve("run-live.png"));

    coordinator.grow(LIVE, sfprompt.until(6));
    browser.untilText(".course", "[ROUND 6/8]");
    assertThat(browser.text("#said")).isEqualTo("Round 6 of 8 has begun.");
    coordinator.grow(LIVE, sfprompt.lines().size());
    browser.untilText(".course", "8 of 8 rounds done");
    coordinator.about(LIVE, "state", TextNode.valueOf("completed"));
    browser.untilText("h1", "completed");
    browser.untilText(".line", "The run has ended; " + sfprompt.lines().size() + " lines");
    assertThat(browser.text(".tiles"))
        .contains("0.908", "656 MB", "353 MB down, 303 MB up", "657 GMACs", "100 MiB", "of 40");
    assertThat(browser.text("#visits-title")).isEqualTo("Last round, 8: 5 of 20 devices");
    assertThat(browser.count("#rounds tbody tr")).isEqualTo(8);
    assertThat(browser.text("#plan")).contains("default filled in");
    browser.screenshot(SCREENS.resolve("run-ended.png"));
  }

  @Test
  void aBrokenLineIsTakenUpWhereItBroke() throws IOException {
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.until(4));
    logIn();
    page("/runs/" + LIVE);
    browser.untilText(".course", "[ROUND 4/8]");
    coordinator.away();
    browser.untilText(".line", "The line to the coordinator is broken");
    browser.untilText("#top", "coordinator unreachable");
    assertThat(browser.text(".tiles")).contains("0.578");
    browser.screenshot(SCREENS.resolve("run-broken.png"));
    coordinator.grow(LIVE, sfprompt.lines().size());
    coordinator.back();
    browser.eval("document.querySelector('#retry')?.click()");
    browser.untilText(".course", "8 of 8 rounds done");
    browser.untilText("#top", "coordinator reached");
    assertThat(browser.text(".tiles")).contains("656 MB", "353 MB down, 303 MB up", "657 GMACs");
  }

  @Test
  void aRunThatWentBackIsShownAsItNowIs() throws IOException {
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.until(6));
    logIn();
    page("/runs/" + LIVE);
    browser.untilText(".course", "[ROUND 6/8]");
    var goesOn = new ArrayList<String>();
    goesOn.add(
        "{\"kind\":\"resumed\",\"round\":3,\"reason\":\"the coordinator was started again\"}");
    goesOn.addAll(sfprompt.lines().subList(sfprompt.until(4) - 1, sfprompt.until(5)));
    coordinator.cut(LIVE, sfprompt.until(4) - 1, goesOn);
    browser.untilText(".course", "[ROUND 3/8]");
    coordinator.grow(LIVE, 10_000);
    browser.untilText(".course", "[ROUND 5/8]");
    browser.untilText("#lost", "the coordinator went on from its last checkpoint");

    coordinator.away();
    browser.untilText(".line", "broken");
    coordinator.replace(LIVE, lora.lines(), lora.until(3));
    coordinator.back();
    browser.untilText(".course", "[ROUND 3/8]");
    browser.untilText("#lost", "No visit has been lost");
  }

  @Test
  void whatDevicesSayIsNeverMarkup() throws IOException {
    var evil = "<img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>\u202egnp";
    var lines = new ArrayList<>(sfprompt.lines().subList(0, sfprompt.until(4)));
    lines.replaceAll(line -> line.replace("\"topic\":\"update\"", "\"topic\":" + quoted(evil)));
    lines.add("{\"kind\":\"assign\",\"round\":-1,\"device\":5,\"agent\":" + quoted(evil) + "}");
    lines.add(
        "{\"kind\":\"lost\",\"round\":3,\"device\":5,\"reason\":"
            + quoted(evil + "x".repeat(9000))
            + "}");
    lines.add("{\"kind\":\"round\",\"round\":\"" + "9".repeat(400) + "\",\"cohort\":{}}");
    lines.add("{\"kind\":\"wire\",\"round\":3,\"from\":{},\"to\":[],\"payload\":-1}");
    lines.add("not JSON at all");
    var about = sfprompt.about(LIVE, "failed").put("name", evil);
    about.putObject("failure").put("code", 20).put("name", "QUORUM").put("text", evil);
    coordinator.run(about, lines, lines.size());
    coordinator.devices(devices(evil));
    logIn();
    browser.untilText("#runs", "<script>");
    page("/runs/" + LIVE);
    browser.untilText(".line", "1 line could not be read");
    browser.untilText("#lost", "<script>window.hacked=1</script>\\u{202e}gnp");
    browser.until("document.querySelectorAll('canvas').length === 6");
    browser.screenshot(SCREENS.resolve("run-hostile.png"));
    page("/runs/" + LIVE + "/report");
    page("/devices");
    browser.untilText("#devices", "<script>");
    page("/devices/" + browser.eval("encodeURIComponent(" + quoted(evil) + ")").asText());
    browser.untilText("#topics", "<script>");
    assertThat(browser.eval("window.hacked === undefined").asBoolean()).isTrue();
    assertThat(browser.count("main img, main script")).isZero();
  }

  private static ArrayNode devices(String third) {
    var all = Sample.JSON.createArrayNode();
    int i = 0;
    for (var name : List.of("ward-1", "ward-2", third)) {
      var device =
          all.addObject()
              .put("name", name)
              .put("role", "device")
              .put("state", List.of("attending", "away", "revoked").get(i++))
              .put("enrolledAt", "2026-11-20T08:00:00Z")
              .put("expiresAt", "2027-11-20T08:00:00Z")
              .put("lastSeenAt", "2026-11-21T18:04:00Z");
      device
          .putObject("profile")
          .put("memoryBytes", 4L << 30)
          .put("cores", 4)
          .put("lanes", 2)
          .put("os", "Linux")
          .put("version", "0.1.0");
      device
          .putObject("sent")
          .put("bytes", 129_000_000)
          .putObject("byTopic")
          .put("update", 100_000_000)
          .put(name, 29_000_000);
      device.putArray("runs").add(LIVE);
    }
    all.addObject().put("name", "big-host").put("role", "body").put("state", "attending");
    return all;
  }

  @Test
  void aDeviceShowsWhatItHasSent() throws IOException {
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.lines().size());
    coordinator.devices(devices("ward-3"));
    logIn();
    page("/devices");
    assertThat(browser.text("#devices-count"))
        .isEqualTo("1 of 3 devices and 1 of 1 body attending.");
    assertThat(browser.text("#devices")).contains("4 cores, 2 lanes, 4,096 MiB, Linux", "revoked");
    browser.screenshot(SCREENS.resolve("devices.png"));
    browser.type("#filter", "ward-3");
    browser.until("document.querySelectorAll('#devices tbody tr').length === 1");
    page("/devices/ward-2");
    browser.untilText("#sent", "messages");
    double sent = 0;
    for (var line : sfprompt.lines()) {
      var event = Sample.JSON.readTree(line);
      if (event.path("from").asText().equals("device 7")) {
        sent += event.path("payload").asDouble();
      }
    }
    assertThat(browser.text("#sent tr.sum"))
        .contains(
            browser.eval("import('/figures.js').then(f => f.three(" + sent / 1e6 + "))").asText());
    browser.screenshot(SCREENS.resolve("device.png"));
    page("/devices/nobody");
    browser.untilText(".trouble", "No device of this name is enrolled.");
  }

  @Test
  void runsAreCompared() throws IOException {
    for (var sample : List.of(full, lora)) {
      coordinator.run(
          sample.about(sample.name(), "completed"), sample.lines(), sample.lines().size());
    }
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.until(6));
    logIn();
    browser.untilText("#runs", "spam-across");
    browser.screenshot(SCREENS.resolve("runs.png"));
    browser.click("#pick-full");
    browser.click("#pick-lora");
    browser.click("#pick-" + LIVE);
    browser.untilText("#compare", "Compare 3 runs");
    browser.click("#compare");
    browser.until("document.querySelectorAll('#totals tbody tr').length === 3");
    browser.untilText("#totals", "round 6, going on");
    assertThat(browser.text("#keys")).contains("fedavg (full)", "fedavg (lora)", "sfprompt");
    var totals = browser.text("#totals");
    assertThat(totals).contains("7,221", "23.8", "0.3 %");
    browser.until("document.querySelectorAll('canvas').length === 3");
    browser.screenshot(SCREENS.resolve("compare.png"));
    coordinator.grow(LIVE, sfprompt.lines().size());
    browser.untilText("#totals", "656");
    page("/compare");
    browser.untilText("#picker", "Show these");
    browser.screenshot(SCREENS.resolve("compare-choose.png"));
  }

  @Test
  void theReportSaysWhatTheRunReachedAndCost() throws IOException {
    coordinator.run(sfprompt.about(LIVE, "completed"), sfprompt.lines(), sfprompt.lines().size());
    logIn();
    page("/runs/" + LIVE + "/report");
    assertThat(browser.text("#result"))
        .isEqualTo(
            "It reaches an accuracy of 0.908 after 8 rounds. It sends 656 MB over the devices’"
                + " links (353 MB down, 303 MB up), most of it global (43.4 %). The busiest device"
                + " computes 657 GMACs and a device needs at most 100 MiB, in 99.2 s of wall time."
                + " 7 visits gave no sound reply and were left out of the averages. The loss ends"
                + " at 0.422 nats.");
    assertThat(browser.text("pre")).contains("num_virtual_tokens: 10");
    browser.until("document.querySelectorAll('canvas').length === 6");
    browser.screenshot(SCREENS.resolve("report.png"));
  }

  @Test
  void nothingThereIsSaid() throws IOException {
    logIn();
    assertThat(browser.text("#runs")).contains("No run yet.", "anabranch submit plan.yaml");
    browser.screenshot(SCREENS.resolve("empty-runs.png"));
    page("/devices");
    assertThat(browser.text("#devices")).contains("No device is enrolled.", "anabranch enrol NAME");
    page("/compare");
    assertThat(browser.text("main")).contains("There are not two runs to compare yet.");
    coordinator.run(lora.about("w", "pending"), List.of(), 0);
    page("/runs/w");
    browser.untilText(".line", "The run waits for its devices.");
    browser.screenshot(SCREENS.resolve("pending.png"));
    browser.eval("location.hash = '/runs/nope'");
    browser.untilText(".trouble", "run: runs/nope (expected: one that was submitted)");
    browser.eval("location.hash = '/nowhere'");
    browser.untilText(".trouble", "There is no such page.");
    coordinator.away();
    browser.eval("location.hash = '/devices'");
    browser.untilText(".trouble", "The coordinator does not answer.");
    browser.screenshot(SCREENS.resolve("away.png"));
    coordinator.back();
    browser.untilText("#devices", "No device is enrolled.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"light", "dark"})
  void everyPageFitsAPhoneAndCanBeRead(String colours) throws IOException {
    coordinator.run(sfprompt.about(LIVE, "running"), sfprompt.lines(), sfprompt.until(6));
    coordinator.run(full.about("full", "completed"), full.lines(), full.lines().size());
    coordinator.devices(devices("a-name-without-any-place-to-break-it-".repeat(3)));
    browser.screen(360, 740, colours);
    logIn();
    for (var place :
        List.of(
            "/runs",
            "/runs/" + LIVE,
            "/runs/full/report",
            "/devices",
            "/devices/ward-2",
            "/compare?runs=full," + LIVE)) {
      page(place);
      browser.until(
          "!/Reading|Asking|Looking/.test(document.querySelector('main').innerText) &&"
              + " [...document.querySelectorAll('.chart')].every(c => c.hidden || c.firstChild)");
      var name = place.replaceAll("\\W+", "-").substring(1);
      browser.screenshot(SCREENS.resolve("phone-" + colours + "-" + name + ".png"));
      assertThat(browser.eval("document.documentElement.scrollWidth").asInt())
          .as(place)
          .isLessThanOrEqualTo(360);
      assertThat(browser.eval(UNREADABLE).asText()).as(place).isEmpty();
      assertThat(browser.eval(UNNAMED).asText()).as(place).isEmpty();
      browser.click(".skip");
      assertThat(browser.eval("document.activeElement.id + location.hash").asText())
          .isEqualTo("main#" + place);
    }
  }

  /** Texts whose contrast with what lies behind them is below 4.5, as WCAG 2 counts it (AA). */
  private static final String UNREADABLE =
      """
      (() => {
        const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
        const rgb = text => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = text;
          canvas.fillRect(0, 0, 1, 1); return [...canvas.getImageData(0, 0, 1, 1).data]; };
        const light = c => { const l = c.slice(0, 3).map(v => v / 255)
          .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
          return 0.2126 * l[0] + 0.7152 * l[1] + 0.0722 * l[2]; };
        const behind = e => { for (let at = e; at; at = at.parentElement) {
          const c = rgb(getComputedStyle(at).backgroundColor); if (c[3] === 255) return c; }
          return [255, 255, 255, 255]; };
        const bad = [];
        for (const e of document.querySelectorAll('body *')) {
          if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) || !e.checkVisibility()
            || e.disabled || e.tagName === 'OPTION') continue;
          const a = light(rgb(getComputedStyle(e).color)), b = light(behind(e));
          const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
          if (ratio < 4.5) bad.push(ratio.toFixed(2) + ' ' + e.outerHTML.slice(0, 80));
        }
        return bad.join('\\n');
      })()
      """;

  /** Things to use or to look at that have no name, and pages without one first heading. */
  private static final String UNNAMED =
      """
      (() => {
        const bad = [...document.querySelectorAll('input, select, button, a, [role=img], progress')]
          .filter(e => e.checkVisibility() && !(e.innerText || '').trim() && !e.ariaLabel
            && !(e.labels && [...e.labels].some(l => l.textContent.trim())))
          .map(e => e.outerHTML.slice(0, 80));
        if (document.querySelectorAll('h1').length !== 1) bad.push('h1');
        for (const table of document.querySelectorAll('table')) {
          if (!table.caption?.textContent.trim()) bad.push('a table without a caption');
        }
        return bad.join('\\n');
      })()
      """;
}
