package dev.anabranch.app.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.anabranch.app.run.Units;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/**
 * A run log in words, line by line: when, in which round, what happened to whom, and why. What a
 * round has cost is summed up in the line of its end. Not thread-safe.
 */
final class LogWords {
  private static final JsonMapper JSON =
      JsonMapper.builder().enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS).build();

  /** More devices of a cohort are told by number. */
  private static final int NAMED = 12;

  private final Map<Integer, String> agents = new HashMap<>();
  private final Map<String, Double> metrics = new HashMap<>();
  private final TreeSet<Integer> lost = new TreeSet<>();
  private int rounds;
  private int devices;
  private long bytes;
  private long kept; // bytes up to the last checkpoint
  private double seconds;
  private long lines;

  /** What a round or a run has come to, as progress and logs say it. */
  static String standing(double accuracy, long bytes) {
    return "accuracy "
        + (Double.isNaN(accuracy) ? "-" : String.format(Locale.ROOT, "%.4f", accuracy))
        + ", "
        + Units.traffic(bytes);
  }

  /** {@code [ROUND 3/8]}; without the number of rounds where it is not known. */
  static String mark(int round, int rounds) {
    return "[ROUND " + (round + 1) + (rounds > 0 ? "/" + rounds : "") + "]";
  }

  /** How many lines of the log stand so far. */
  long lines() {
    return lines;
  }

  /**
   * The next line of the log in words; empty if it says nothing on its own.
   *
   * @param line as the log has it; one that cannot be read is shown as it is
   */
  Optional<String> take(String line) {
    lines++;
    JsonNode event;
    try {
      event = JSON.readTree(line);
    } catch (JsonProcessingException e) {
      event = MissingNode.getInstance();
    }
    if (!event.path("kind").isTextual()) {
      return Optional.of(clean(line));
    }
    time(event, "Seconds");
    var words = words(event);
    return words.isEmpty() ? Optional.empty() : Optional.of(at(event) + clean(words));
  }

  private String words(JsonNode event) {
    return switch (event.path("kind").textValue()) {
      case "run" -> run(event);
      case "assign" -> {
        agents.put(event.path("device").asInt(-1), event.path("agent").asText());
        yield event.path("agent").asText() + " plays device " + event.path("device").asInt(-1);
      }
      case "round" -> begins(event.path("cohort"));
      case "attempt" -> attempt(event);
      case "lost" -> {
        // Said twice where a device is away when a state is measured.
        lost.add(event.path("device").asInt(-1));
        yield device(event) + ": visit lost: " + event.path("reason").asText();
      }
      case "wire" -> {
        if ((event.path("from").asText() + event.path("to").asText()).contains("device")) {
          bytes += event.path("payload").asLong();
        }
        yield "";
      }
      case "visit" -> {
        time(event, "End");
        yield "";
      }
      case "metric" -> {
        metrics.put(event.path("name").asText(), event.path("value").asDouble(Double.NaN));
        yield "";
      }
      case "checkpoint" -> checkpoint(event);
      case "resumed" -> event.path("reason").asText();
      case "cut" -> {
        forget(kept);
        lines = event.path("lines").asLong();
        yield "the run goes back to its last checkpoint; lines from "
            + event.path("lines").asLong()
            + " on are void";
      }
      case "end" -> end(event);
      default -> ""; // partition, compute, query, peak, install, and kinds of later versions
    };
  }

  private String run(JsonNode event) {
    rounds = event.path("rounds").asInt();
    devices = event.path("devices").asInt();
    return "%s: %s, %s, %s, seed %s"
        .formatted(
            event.path("name").asText(),
            event.path("label").asText(event.path("method").asText()),
            count(rounds, "round"),
            count(devices, "device"),
            event.path("seed").asText());
  }

  private String begins(JsonNode cohort) {
    forget(bytes);
    var named =
        StreamSupport.stream(cohort.spliterator(), false)
            .limit(NAMED)
            .map(JsonNode::asText)
            .collect(Collectors.joining(", "));
    return "begins with "
        + (devices > 0 ? cohort.size() + " of " : "")
        + count(Math.max(devices, cohort.size()), "device")
        + ": "
        + named
        + (cohort.size() > NAMED ? " and " + (cohort.size() - NAMED) + " more" : "");
  }

  private String attempt(JsonNode event) {
    int attempt = event.path("attempt").asInt(1);
    var state = event.path("state").asText();
    return device(event)
        + ": "
        + switch (state) {
          case "invited" -> attempt > 1 ? "invited again, attempt " + attempt : "invited";
          case "broken" -> "attempt " + attempt + " broke: " + event.path("reason").asText();
          case "whole" -> "done";
          default -> state;
        };
  }

  private String checkpoint(JsonNode event) {
    boolean first = event.path("round").asInt(-1) < 0;
    var words =
        "done: "
            + standing(metrics.getOrDefault("accuracy", Double.NaN), bytes)
            + (metrics.containsKey("loss")
                ? String.format(Locale.ROOT, ", loss %.4f", metrics.get("loss"))
                : "")
            + (lost.isEmpty() ? "" : ", " + count(lost.size(), "visit") + " lost");
    kept = bytes;
    forget(bytes);
    return first ? "" : words;
  }

  private static String end(JsonNode event) {
    var reason = event.path("reason").asText();
    int lost = event.path("lost").asInt();
    return switch (event.path("state").asText("ended")) {
      case "failed" -> "failed: " + reason;
      case "stopped" -> reason;
      default -> "ended" + (lost == 0 ? "" : ", " + count(lost, "visit") + " lost");
    };
  }

  private void forget(long bytesStay) {
    metrics.clear();
    lost.clear();
    bytes = bytesStay;
  }

  private void time(JsonNode event, String what) {
    var time = event.path(event.has("wall" + what) ? "wall" + what : "virtual" + what);
    seconds = time.isNumber() ? time.doubleValue() : seconds;
  }

  private String at(JsonNode event) {
    int round = event.path("round").asInt(-1);
    boolean outside = round < 0 || event.path("kind").asText().equals("end");
    return "%12s  %s".formatted(Units.seconds(seconds), outside ? "" : mark(round, rounds) + " ");
  }

  private String device(JsonNode event) {
    int index = event.path("device").asInt(-1);
    var agent = agents.get(index);
    return "device " + index + (agent == null ? "" : " (" + agent + ")");
  }

  private static String count(long number, String noun) {
    return number + " " + noun + (number == 1 ? "" : "s");
  }

  /** What others have written may not steer the terminal. */
  private static String clean(String text) {
    return text.replaceAll("[\\p{Cntrl}\\p{Cf}]+", " ");
  }
}
