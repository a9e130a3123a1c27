package dev.anabranch.service.internal;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A real run out of the test resources.
 *
 * @param lines of its log
 * @param summary what the run itself has added up
 */
record Sample(String name, List<String> lines, JsonNode summary, String plan) {
  static final ObjectMapper JSON = new ObjectMapper();

  static Sample of(String name) {
    try {
      return new Sample(
          name,
          text(name + "/log.jsonl").lines().toList(),
          JSON.readTree(text(name + "/summary.json")),
          text(name + "/plan.yaml"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String text(String name) throws IOException {
    try (@Nullable InputStream in =
        Sample.class.getResourceAsStream("/dev/anabranch/service/board/" + name)) {
      if (in == null) {
        throw new IllegalStateException("resource: " + name + " (expected: on the class path)");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
  }

  /** How many lines there are until the line that begins this round, counted from 1. */
  int until(int round) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).startsWith("{\"kind\":\"round\",\"round\":" + (round - 1) + ",")) {
        return i + 1;
      }
    }
    throw new IllegalArgumentException("round " + round + " (expected: one of " + name + ")");
  }

  /** How many lines there are until the first one that has this text. */
  int until(String text) {
    for (int i = 0; i < lines.size(); i++) {
      if (lines.get(i).contains(text)) {
        return i + 1;
      }
    }
    throw new IllegalArgumentException(text + " (expected: in a line of " + name + ")");
  }

  /** What the API says of it while it goes on. */
  ObjectNode about(String id, String state) {
    var about =
        JSON.createObjectNode()
            .put("id", id)
            .put("name", "spam-across-mailboxes")
            .put("method", summary.path("method").asText())
            .put("state", state)
            .put("roundsDone", state.equals("completed") ? 8 : 3)
            .put("rounds", summary.path("rounds").asInt())
            .put("devices", summary.path("devices").asInt())
            .put("submittedBy", "alice")
            .put("submittedAt", "2026-11-21T18:02:11Z")
            .put("startedAt", "2026-11-21T18:02:20Z")
            .put("plan", plan);
    about.putObject("assigned").put("device 5", "ward-1").put("device 7", "ward-2");
    if (state.equals("completed")) {
      about.put("endedAt", "2026-11-21T18:06:01Z").set("summary", summary);
      about.putArray("files").addObject().put("name", "report.html").put("bytes", 1156939);
    }
    return about;
  }

  /** The same lines as a coordinator of real devices writes them: wall time, agents, attempts. */
  Sample deployed() {
    var out = new ArrayList<String>();
    try {
      for (var line : lines) {
        var event = (ObjectNode) JSON.readTree(line);
        rename(event, "virtualSeconds", "wallSeconds");
        rename(event, "virtualStart", "wallStart");
        rename(event, "virtualEnd", "wallEnd");
        out.add(event.toString());
        if (event.path("kind").asText().equals("round")) {
          attempts(event, out);
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new Sample(name, List.copyOf(out), summary, plan);
  }

  private static void attempts(JsonNode round, List<String> out) {
    int at = round.path("round").asInt();
    for (var device : round.path("cohort")) {
      out.add(attempt(at, device.asInt(), 1, "invited", ""));
    }
    if (at == 1) {
      int device = round.path("cohort").get(0).asInt();
      out.add(attempt(at, device, 1, "broken", "the line was lost for 20 s (grace: 10 s)"));
      out.add(attempt(at, device, 2, "invited", ""));
    }
  }

  static String attempt(int round, int device, int attempt, String state, String reason) {
    var event =
        JSON.createObjectNode()
            .put("kind", "attempt")
            .put("round", round)
            .put("device", device)
            .put("attempt", attempt)
            .put("state", state)
            .put("wallSeconds", 1.5);
    return (reason.isEmpty() ? event : event.put("reason", reason)).toString();
  }

  private static void rename(ObjectNode event, String from, String to) {
    var value = event.remove(from);
    if (value != null) {
      event.set(to, value);
    }
  }
}
