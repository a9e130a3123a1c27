package dev.anabranch.service.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.WebSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A headless Chromium with one page, spoken to in the DevTools protocol. Belongs to one thread.
 *
 * <p>It is the one that {@code ANABRANCH_BROWSER} names, else the first of the usual names on the
 * path.
 */
final class Browser implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int PATIENCE_SECONDS = 60;
  private static final Pattern ADDRESS = Pattern.compile("DevTools listening on (ws://\\S+)");
  private static final List<String> NAMES =
      List.of(
          "chromium",
          "chromium-headless-shell",
          "chromium-browser",
          "google-chrome",
          "google-chrome-stable",
          "chrome-headless-shell");

  private final Path profile;
  private final Process process;
  private final HttpClient http;
  private final WebSocket socket;
  private final String session;
  private final AtomicLong ids = new AtomicLong();
  private final Map<Long, CompletableFuture<JsonNode>> asked = new ConcurrentHashMap<>();
  private final List<String> complaints = new CopyOnWriteArrayList<>();

  /** Starts one; it is told which certificate errors are none. */
  Browser() throws IOException {
    profile = Files.createTempDirectory("anabranch-browser");
    process =
        new ProcessBuilder(
                program().toString(),
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-background-networking",
                "--disable-component-update",
                "--no-first-run",
                "--hide-scrollbars",
                "--ignore-certificate-errors",
                "--remote-debugging-port=0",
                "--user-data-dir=" + profile,
                "about:blank")
            .redirectErrorStream(true)
            .start();
    http = HttpClient.newHttpClient();
    socket = http.newWebSocketBuilder().buildAsync(URI.create(address()), new Listener()).join();
    var target = ask("", "Target.createTarget", Map.of("url", "about:blank"));
    var attached =
        ask(
            "",
            "Target.attachToTarget",
            Map.of("targetId", target.path("targetId").asText(), "flatten", true));
    session = attached.path("sessionId").asText();
    for (String domain : List.of("Page", "Runtime", "Log")) {
      ask(session, domain + ".enable", Map.of());
    }
  }

  private static Path program() {
    var named = Optional.ofNullable(System.getenv("ANABRANCH_BROWSER")).map(Path::of);
    var folders = System.getenv().getOrDefault("PATH", "").split(File.pathSeparator);
    return named.orElseGet(() ->
        NAMES.stream()
            .flatMap(name -> Arrays.stream(folders).map(folder -> Path.of(folder, name)))
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(() ->
                new IllegalStateException(
                    "browser: none of "
                        + NAMES
                        + " is on the path; install the package chromium-headless-shell, or name"
                        + " a Chromium by ANABRANCH_BROWSER")));
  }

  /** Chromium says where it listens; what it says after that must be read away. */
  private String address() throws IOException {
    var out = process.inputReader(StandardCharsets.UTF_8);
    var said = new ArrayList<String>();
    for (String line = out.readLine(); line != null; line = out.readLine()) {
      said.add(line);
      var found = ADDRESS.matcher(line);
      if (found.find()) {
        Thread.ofVirtual().start(() -> out.lines().forEach(rest -> {}));
        return found.group(1);
      }
    }
    throw new IllegalStateException("browser: ended at once: " + said);
  }

  /** Opens an address; does not wait for what its scripts do. */
  void open(String url) {
    ask(session, "Page.navigate", Map.of("url", url));
  }

  void reload() {
    ask(session, "Page.reload", Map.of());
  }

  /** A screen of this size, in the colours {@code light} or {@code dark}. */
  void screen(int width, int height, String colours) {
    ask(
        session,
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", width < 600));
    ask(
        session,
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", colours))));
  }

  /** What an expression gives, awaited if it is a promise; texts as texts. */
  JsonNode eval(String expression) {
    var answer =
        ask(
            session,
            "Runtime.evaluate",
            Map.of("expression", expression, "awaitPromise", true, "returnByValue", true));
    if (answer.has("exceptionDetails")) {
      throw new AssertionError(expression + " failed: " + answer.path("exceptionDetails"));
    }
    return answer.path("result").path("value");
  }

  /** The text that a reader sees of the first element that fits; empty if there is none. */
  String text(String selector) {
    return eval("document.querySelector(" + quoted(selector) + ")?.innerText ?? ''").asText();
  }

  int count(String selector) {
    return eval("document.querySelectorAll(" + quoted(selector) + ").length").asInt();
  }

  /** Waits until an expression is true; the page itself watches for it. */
  void until(String expression) {
    var met =
        eval(
            "new Promise(resolve => { const end = Date.now() + "
                + PATIENCE_SECONDS * 1000
                + "; const look = () => { let met = false; try { met = !!("
                + expression
                + "); } catch {} if (met || Date.now() > end) resolve(met); else setTimeout(look,"
                + " 40); }; look(); })");
    if (!met.asBoolean()) {
      throw new AssertionError(
          "never true: "
              + expression
              + "; complaints: "
              + complaints
              + "; the page says:\n"
              + text("body"));
    }
  }

  /** Waits until an element shows a text. */
  void untilText(String selector, String part) {
    until(
        "document.querySelector("
            + quoted(selector)
            + ")?.innerText.includes("
            + quoted(part)
            + ")");
  }

  void click(String selector) {
    eval("document.querySelector(" + quoted(selector) + ").click()");
  }

  /** Types into a field as its user would. */
  void type(String selector, String text) {
    eval("document.querySelector(" + quoted(selector) + ").focus()");
    eval("document.querySelector(" + quoted(selector) + ").select?.()");
    ask(session, "Input.insertText", Map.of("text", text));
  }

  /** The whole page as it looks now. */
  void screenshot(Path file) throws IOException {
    var size = ask(session, "Page.getLayoutMetrics", Map.of()).path("cssContentSize");
    var shot =
        ask(
            session,
            "Page.captureScreenshot",
            Map.of(
                "format",
                "png",
                "captureBeyondViewport",
                true,
                "clip",
                Map.of(
                    "x",
                    0,
                    "y",
                    0,
                    "width",
                    size.path("width").asInt(),
                    "height",
                    Math.min(6000, size.path("height").asInt()),
                    "scale",
                    1)));
    Files.createDirectories(file.toAbsolutePath().getParent());
    Files.write(file, Base64.getDecoder().decode(shot.path("data").asText()));
  }

  /** Errors of scripts, violations of the content security policy, failed requests. */
  List<String> complaints() {
    return complaints;
  }

  static String quoted(String text) {
    try {
      return JSON.writeValueAsString(text);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException(e);
    }
  }

  private JsonNode ask(String session, String method, Map<String, ?> parameters) {
    var message = JSON.createObjectNode();
    long id = ids.incrementAndGet();
    message.put("id", id).put("method", method).set("params", JSON.valueToTree(parameters));
    if (!session.isEmpty()) {
      message.put("sessionId", session);
    }
    var answer = new CompletableFuture<JsonNode>();
    asked.put(id, answer);
    socket.sendText(message.toString(), true).join();
    return answer.orTimeout(2 * PATIENCE_SECONDS, TimeUnit.SECONDS).join();
  }

  private void heard(String text) {
    try {
      var message = JSON.readTree(text);
      var waiting = asked.remove(message.path("id").asLong());
      if (waiting != null) {
        if (message.has("error")) {
          waiting.completeExceptionally(new IllegalStateException(message.toString()));
        } else {
          waiting.complete(message.path("result"));
        }
        return;
      }
      var about = message.path("params");
      switch (message.path("method").asText()) {
        case "Runtime.exceptionThrown" -> complaints.add(about.path("exceptionDetails").toString());
        case "Log.entryAdded" ->
            complaints.add(
                about.path("entry").path("text").asText()
                    + " "
                    + about.path("entry").path("url").asText());
        case "Runtime.consoleAPICalled" -> complaints.add(about.path("args").toString());
        default -> {
          // The protocol says much that no test asks about.
        }
      }
    } catch (JsonProcessingException e) {
      complaints.add(String.valueOf(e.getMessage()));
    }
  }

  private final class Listener implements WebSocket.Listener {
    private final StringBuilder parts = new StringBuilder();

    @Override
    public @Nullable CompletionStage<?> onText(WebSocket from, CharSequence data, boolean last) {
      parts.append(data);
      if (last) {
        heard(parts.toString());
        parts.setLength(0);
      }
      from.request(1);
      return null;
    }
  }

  @Override
  public void close() throws IOException {
    socket.abort();
    http.shutdownNow();
    process.descendants().forEach(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
    process.onExit().join();
    try (var files = Files.walk(profile)) {
      for (var file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
