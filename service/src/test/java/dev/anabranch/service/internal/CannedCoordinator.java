package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * What the dashboard sees of a coordinator: the static files, and runs whose logs grow when a test
 * says so. Its lines can break and it can be away for a while. Thread-safe.
 */
final class CannedCoordinator implements AutoCloseable {
  static final String TOKEN = "abo_viewer-of-the-tests";
  static final ObjectMapper JSON = new ObjectMapper();

  private final BoardFiles files = new BoardFiles();
  private final Object monitor = new Object();
  private final Map<String, Canned> runs = new LinkedHashMap<>();
  private ArrayNode devices = JSON.createArrayNode();
  private ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private HttpServer http;
  private final int port;
  private int generation;
  private volatile boolean revoked;

  /** A run: what the API says of it, all lines of its log, and how many of them are written. */
  private static final class Canned {
    final ObjectNode about;
    List<String> lines;
    int written;
    int cuts;
    int cutTo;

    Canned(ObjectNode about, List<String> lines) {
      this.about = about;
      this.lines = lines;
    }
  }

  CannedCoordinator() throws IOException {
    http = start(0);
    port = http.getAddress().getPort();
  }

  String address() {
    return "http://127.0.0.1:" + port + "/";
  }

  private HttpServer start(int at) throws IOException {
    var server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
    server.createContext("/", this::answer);
    server.setExecutor(threads);
    server.start();
    return server;
  }

  private Canned known(String id) {
    return Objects.requireNonNull(runs.get(id), id);
  }

  /** Adds a run whose log has so many of these lines so far. */
  void run(ObjectNode about, List<String> lines, int written) {
    synchronized (monitor) {
      var canned = new Canned(about, lines);
      canned.written = written;
      runs.put(about.path("id").asText(), canned);
    }
  }

  /** The token is no longer accepted. */
  void revoke() {
    revoked = true;
  }

  /** Changes what is said of a run. */
  void about(String id, String field, JsonNode value) {
    synchronized (monitor) {
      known(id).about.set(field, value);
    }
  }

  void devices(ArrayNode all) {
    synchronized (monitor) {
      devices = all;
    }
  }

  /** The log grows to so many lines. */
  void grow(String id, int lines) {
    synchronized (monitor) {
      var run = known(id);
      run.written = Math.min(lines, run.lines.size());
      monitor.notifyAll();
    }
  }

  /** The run goes back to a checkpoint: its log is cut and goes on with other lines. */
  void cut(String id, int lines, List<String> goesOn) {
    synchronized (monitor) {
      var run = known(id);
      var all = new ArrayList<>(run.lines.subList(0, lines));
      all.addAll(goesOn);
      run.lines = all;
      run.written = lines;
      run.cutTo = lines;
      run.cuts++;
      monitor.notifyAll();
    }
  }

  /** The same while nobody listens: the coordinator has been restarted with an older log. */
  void replace(String id, List<String> lines, int written) {
    synchronized (monitor) {
      known(id).lines = lines;
      known(id).written = written;
    }
  }

  /** Every line breaks, and nobody answers until {@link #back}. */
  void away() {
    synchronized (monitor) {
      generation++;
      monitor.notifyAll();
    }
    http.stop(0);
    threads.shutdownNow();
  }

  void back() throws IOException {
    threads = Executors.newVirtualThreadPerTaskExecutor();
    http = start(port);
  }

  private void answer(HttpExchange exchange) throws IOException {
    try (exchange) {
      var path = exchange.getRequestURI().getPath();
      if (path.startsWith("/api/v1/")) {
        api(exchange, path.substring("/api/v1/".length()));
        return;
      }
      var file = files.at(path);
      if (file.isEmpty()) {
        exchange.sendResponseHeaders(404, -1);
        return;
      }
      var headers = exchange.getResponseHeaders();
      headers.set("Content-Security-Policy", BoardFiles.POLICY);
      headers.set("X-Content-Type-Options", "nosniff");
      headers.set("Content-Type", file.get().type());
      send(exchange, 200, file.get().bytes());
    }
  }

  private void api(HttpExchange exchange, String path) throws IOException {
    if (revoked
        || !("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      problem(exchange, 401, "token: not known (expected: one that an operator was given)");
      return;
    }
    var parts = path.split("/");
    if (path.equals("runs")) {
      var all = JSON.createObjectNode();
      synchronized (monitor) {
        var list = all.putArray("runs");
        runs.values().forEach(run -> list.add(run.about.deepCopy()));
      }
      json(exchange, all);
    } else if (path.equals("devices")) {
      synchronized (monitor) {
        json(exchange, JSON.createObjectNode().set("devices", devices));
      }
    } else if (parts[0].equals("runs") && runs.containsKey(parts[1])) {
      ofRun(exchange, known(parts[1]), parts);
    } else {
      problem(exchange, 404, "run: " + path + " (expected: one that was submitted)");
    }
  }

  private void ofRun(HttpExchange exchange, Canned run, String[] parts) throws IOException {
    if (parts.length == 2) {
      ObjectNode about;
      synchronized (monitor) {
        about = run.about.deepCopy();
      }
      json(exchange, about);
    } else if (parts[2].equals("log")) {
      log(exchange, run);
    } else {
      send(exchange, 200, "<!DOCTYPE html><title>report</title>".getBytes(StandardCharsets.UTF_8));
    }
  }

  private void log(HttpExchange exchange, Canned run) throws IOException {
    var query = exchange.getRequestURI().getQuery();
    int from = Integer.parseInt(query.replaceAll(".*from=(\\d+).*", "$1"));
    boolean follow = query.contains("follow=true");
    exchange.getResponseHeaders().set("Content-Type", "application/x-ndjson");
    exchange.sendResponseHeaders(200, 0);
    try (OutputStream out = exchange.getResponseBody()) {
      if (follow) {
        out.write('\n');
        out.flush();
      }
      int born = generation;
      int at = from;
      int seen = run.cuts;
      while (born == generation) {
        var text = new StringBuilder();
        boolean over;
        synchronized (monitor) {
          if (at > run.written) {
            cutTo(text, at = run.written);
          } else if (run.cuts > seen && at > run.cutTo) {
            cutTo(text, at = run.cutTo);
          }
          seen = run.cuts;
          for (; at < run.written; at++) {
            text.append(run.lines.get(at)).append('\n');
          }
          var state = run.about.path("state").asText();
          over = !follow || List.of("completed", "failed", "stopped").contains(state);
          if (text.isEmpty() && !over) {
            monitor.wait(1000);
          }
        }
        out.write(text.toString().getBytes(StandardCharsets.UTF_8));
        out.flush();
        if (over) {
          return;
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void cutTo(StringBuilder text, int lines) {
    text.append("{\"kind\":\"cut\",\"round\":-1,\"lines\":").append(lines).append("}\n");
  }

  private static void json(HttpExchange exchange, JsonNode node) throws IOException {
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    send(exchange, 200, JSON.writeValueAsBytes(node));
  }

  private static void problem(HttpExchange exchange, int status, String detail) throws IOException {
    var problem =
        JSON.createObjectNode().put("title", "refused").put("status", status).put("detail", detail);
    exchange.getResponseHeaders().set("Content-Type", "application/problem+json");
    send(exchange, status, JSON.writeValueAsBytes(problem));
  }

  private static void send(HttpExchange exchange, int status, byte[] bytes) throws IOException {
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
  }

  @Override
  public void close() {
    away();
  }
}
